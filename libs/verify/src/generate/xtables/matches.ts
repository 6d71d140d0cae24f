/**
 * Conditions of x_tables rules, one maker per kind: text as iptables takes it, about what the world's packets may look like, so
 * that about every second condition holds. null: this condition cannot stand here.
 */

import { address, PORTS } from '../addresses.ts';
import { type Draft, type DraftNamespace, drawLots } from '../draft.ts';

export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';

export interface Place {
  readonly draft: Draft;
  readonly ns: DraftNamespace;
  readonly family: 'ipv4' | 'ipv6';
  readonly table: string;
  /** Hooks that the chain can be reached from. */
  readonly hooks: readonly Hook[];
  readonly protocol: 'tcp' | 'udp' | 'icmp' | null;
}

type Maker = (place: Place) => string | null;

/** A subnet, an address, or a wide prefix of the world. */
export function anAddress({ draft, family }: Place): string {
  const { random } = draft;
  const devices = draft.namespaces.flatMap((ns) => ns.devices).filter((d) => d.subnet !== null);
  const { subnet, host } = random.pick(devices);
  const text = address(family, subnet ?? 1, host ?? 1);
  const lengths =
    family === 'ipv4' ? ['', '/32', '/24', '/8', '/23', '/31'] : ['', '/128', '/64', '/16', '/127', '/63'];
  return `${text}${random.pick(lengths)}`;
}

export const not = ({ draft }: Place, text: string): string => (draft.random.chance(0.25) ? `! ${text}` : text);

const before = (hooks: readonly Hook[], ...allowed: Hook[]): boolean => hooks.every((h) => allowed.includes(h));

const device = (place: Place): string => {
  const { random } = place.draft;
  const name = place.ns.devices.length > 0 ? random.pick(place.ns.devices).name : 'eth0';
  return random.weighted<() => string>([
    [5, () => name],
    [1, () => `${name.slice(0, Math.max(1, name.length - 1))}+`],
    [1, () => 'lo'],
    [0.5, () => 'eth+'],
  ])();
};

export const portRange = ({ draft: { random } }: Place): string =>
  random.weighted<() => string>([
    [4, () => String(random.pick(PORTS))],
    [1, () => '80:1024'],
    [1, () => ':1023'],
    [1, () => '5353:'],
  ])();

/** Source ports of flows rise from 20000. */
const sourcePorts = ({ draft: { random } }: Place): string =>
  random.pick(['20000:21000', '20000:40000', '1:1023', '20390', '20520']);

const hasPorts = ({ protocol }: Place): boolean => protocol === 'tcp' || protocol === 'udp';

const ctAddress =
  (option: string): Maker =>
  (p) =>
    not(p, `${option} ${anAddress(p)}`);

export const XT_MATCHES: Readonly<Record<string, Maker>> = {
  source: (p) => not(p, `-s ${anAddress(p)}`),
  destination: (p) => not(p, `-d ${anAddress(p)}`),
  'in-interface': (p) => (before(p.hooks, 'PREROUTING', 'INPUT', 'FORWARD') ? not(p, `-i ${device(p)}`) : null),
  'out-interface': (p) => (before(p.hooks, 'FORWARD', 'OUTPUT', 'POSTROUTING') ? not(p, `-o ${device(p)}`) : null),
  sport: (p) => (hasPorts(p) ? `-m ${p.protocol} ${not(p, `--sport ${sourcePorts(p)}`)}` : null),
  dport: (p) => (hasPorts(p) ? `-m ${p.protocol} ${not(p, `--dport ${portRange(p)}`)}` : null),
  'tcp-flags': (p) =>
    p.protocol === 'tcp'
      ? `-m tcp ${not(p, p.draft.random.pick(['--syn', '--tcp-flags SYN,ACK SYN', '--tcp-flags FIN,SYN,RST,ACK SYN,ACK', '--tcp-flags RST RST', '--tcp-flags ALL SYN']))}`
      : null,
  // Which options a sender's TCP writes is not collected: 'tcp-option' would be undetermined always.
  icmp: (p) =>
    p.protocol === 'icmp'
      ? p.family === 'ipv4'
        ? `-m icmp ${not(p, `--icmp-type ${p.draft.random.pick(['8', '0', '8/0', '3', '3/1', 'any'])}`)}`
        : `-m icmp6 ${not(p, `--icmpv6-type ${p.draft.random.pick(['128', '129', '1', '128/0', '2'])}`)}`
      : null,
  multiport: (p) =>
    hasPorts(p)
      ? `-m multiport ${not(p, `${p.draft.random.pick(['--dports', '--sports', '--ports'])} ${p.draft.random.pick(['80,443', '80,1024:8080', '20000:30000', '5353', '443,20000:20400,8080'])}`)}`
      : null,
  mark: (p) =>
    `-m mark ${not(p, `--mark ${p.draft.random.pick(['0', '0x1', '0x2', '0x4000/0x4000', '0x0/0xffff', '0x1/0x1'])}`)}`,
  connmark: (p) => `-m connmark ${not(p, `--mark ${p.draft.random.pick(['0', '0x1', '0x4000/0x4000', '0x2/0xf'])}`)}`,
  ctstate: (p) =>
    `-m conntrack ${not(p, `--ctstate ${p.draft.random.pick(['NEW', 'ESTABLISHED', 'RELATED,ESTABLISHED', 'INVALID', 'NEW,INVALID', 'UNTRACKED', 'DNAT', 'SNAT', 'INVALID,UNTRACKED'])}`)}`,
  state: (p) =>
    `-m state ${not(p, `--state ${p.draft.random.pick(['NEW', 'ESTABLISHED', 'RELATED,ESTABLISHED', 'INVALID'])}`)}`,
  ctproto: (p) => `-m conntrack ${not(p, `--ctproto ${p.draft.random.pick(['6', '17', '1', '58'])}`)}`,
  ctstatus: (p) =>
    `-m conntrack ${not(p, `--ctstatus ${p.draft.random.pick(['CONFIRMED', 'SEEN_REPLY', 'ASSURED', 'NONE', 'SEEN_REPLY,CONFIRMED'])}`)}`,
  ctaddress: (p) =>
    `-m conntrack ${ctAddress(p.draft.random.pick(['--ctorigsrc', '--ctorigdst', '--ctreplsrc', '--ctrepldst']))(p)}`,
  ctport: (p) =>
    hasPorts(p)
      ? `-m conntrack --ctproto ${p.protocol === 'tcp' ? 6 : 17} ${not(p, `${p.draft.random.pick(['--ctorigdstport', '--ctreplsrcport'])} ${portRange(p).replace(/^:/, '1:').replace(/:$/, ':65535')}`)}`
      : null,
  ctdir: (p) => `-m conntrack --ctdir ${p.draft.random.pick(['ORIGINAL', 'REPLY'])}`,
  addrtype: (p) => {
    const { random } = p.draft;
    // For IPv6 the kernel knows these only (addrtype_mt_checkentry_v1).
    const six = ['LOCAL', 'UNICAST', 'MULTICAST', 'UNREACHABLE', 'LOCAL,MULTICAST'];
    const types = p.family === 'ipv6' ? six : [...six, 'BROADCAST', 'LOCAL,BROADCAST', 'BLACKHOLE', 'PROHIBIT'];
    const side = random.pick(['--src-type', '--dst-type']);
    // limit-iface-in is refused where there is no input device, and out likewise.
    const limit = before(p.hooks, 'PREROUTING', 'INPUT')
      ? ' --limit-iface-in'
      : before(p.hooks, 'POSTROUTING', 'OUTPUT')
        ? ' --limit-iface-out'
        : '';
    return `-m addrtype ${not(p, `${side} ${random.pick(types)}`)}${random.chance(0.2) ? limit : ''}`;
  },
  // Not of neighbour discovery: see numgen in nftables/matches.ts.
  'statistic-random': (p) =>
    (p.family === 'ipv4' || hasPorts(p)) && drawLots(p.draft)
      ? `-m statistic --mode random ${not(p, `--probability ${p.draft.random.pick(['0.5', '0.33333333349', '0.25'])}`)}`
      : null,
  length: (p) =>
    `-m length ${not(p, `--length ${p.draft.random.pick(['0:60', '60', '61:1500', '1281:', '44:44', '100:1400'])}`)}`,
  ttl: (p) =>
    p.family === 'ipv4'
      ? `-m ttl ${p.draft.random.pick(['--ttl-eq 64', '! --ttl-eq 64', '--ttl-lt 64', '--ttl-gt 62', '--ttl-eq 63'])}`
      : `-m hl ${p.draft.random.pick(['--hl-eq 64', '! --hl-eq 64', '--hl-lt 64', '--hl-gt 62', '--hl-eq 63'])}`,
  tos: (p) =>
    `-m tos ${not(p, `--tos ${p.draft.random.pick(['0x10/0x3f', '0x00/0xff', '0x08', '0xb8/0xfc', '0x04/0x04'])}`)}`,
  dscp: (p) => `-m dscp ${not(p, `--dscp ${p.draft.random.pick(['0x0a', '0x00', '0x2e', '0x04'])}`)}`,
  iprange: (p) => {
    const { random } = p.draft;
    const subnet = random.int(1, 3);
    const range = `${address(p.family, subnet, random.pick([1, 2]))}-${address(p.family, subnet + random.int(0, 1), random.pick([2, 77, 254]))}`;
    return `-m iprange ${not(p, `${random.pick(['--src-range', '--dst-range'])} ${range}`)}`;
  },
  pkttype: (p) => `-m pkttype ${not(p, `--pkt-type ${p.draft.random.pick(['unicast', 'broadcast', 'multicast'])}`)}`,
  'mac-source': (p) =>
    before(p.hooks, 'PREROUTING', 'INPUT', 'FORWARD')
      ? `-m mac ${not(p, `--mac-source 02:00:00:00:00:0${p.draft.random.int(1, 3)}`)}`
      : null,
  rpfilter: (p) =>
    before(p.hooks, 'PREROUTING') && (p.table === 'raw' || p.table === 'mangle')
      ? `-m rpfilter${p.draft.random.pick(['', ' --loose', ' --invert', ' --validmark', ' --accept-local', ' --loose --invert'])}`
      : null,
  socket: (p) =>
    before(p.hooks, 'PREROUTING', 'INPUT') && hasPorts(p)
      ? `-m socket${p.draft.random.pick(['', ' --nowildcard', ' --transparent', ' --transparent --nowildcard'])}`
      : null,
  owner: (p) =>
    before(p.hooks, 'OUTPUT', 'POSTROUTING')
      ? `-m owner ${not(p, p.draft.random.pick(['--uid-owner 0', '--uid-owner 1000', '--uid-owner 1000-1001', '--gid-owner 0', '--socket-exists']))}`
      : null,
  physdev: (p) => {
    const { random } = p.draft;
    const ports = p.ns.devices.filter((d) => d.subnet === null).map((d) => d.name);
    if (ports.length === 0 || !before(p.hooks, 'PREROUTING', 'INPUT', 'FORWARD', 'POSTROUTING')) return null;
    const options = [`--physdev-in ${random.pick(ports)}`, '--physdev-is-in', '--physdev-is-bridged'];
    if (before(p.hooks, 'FORWARD', 'POSTROUTING'))
      options.push('--physdev-is-out', `--physdev-is-bridged --physdev-out ${random.pick(ports)}`);
    const option = random.pick(options);
    return `-m physdev ${option.includes(' --') ? option : not(p, option)}`;
  },
  devgroup: (p) =>
    before(p.hooks, 'PREROUTING', 'INPUT', 'FORWARD')
      ? `-m devgroup ${not(p, `--src-group ${p.draft.random.pick(['0', '7', '0x1/0x1'])}`)}`
      : before(p.hooks, 'FORWARD', 'OUTPUT', 'POSTROUTING')
        ? `-m devgroup ${not(p, '--dst-group 0')}`
        : null,
  ecn: (p) =>
    p.protocol === 'tcp'
      ? `-m ecn ${not(p, p.draft.random.pick(['--ecn-tcp-ece', '--ecn-tcp-cwr', '--ecn-ip-ect 0']))}`
      : `-m ecn ${not(p, `--ecn-ip-ect ${p.draft.random.pick([0, 1, 2])}`)}`,
  u32: (p) =>
    p.family === 'ipv4'
      ? `-m u32 ${not(p, `--u32 ${p.draft.random.pick(['"6&0xFF=6"', '"6&0xFF=17"', '"8>>24&0xFF=0:63"', '"0>>22&0x3C@0>>16=20000:30000"'])}`)}`
      : null,
  helper: (p) => `-m helper ${not(p, '--helper ftp')}`,
  connbytes: (p) =>
    `-m connbytes ${not(p, `--connbytes ${p.draft.random.pick(['0:100', '1:1', '2:'])} --connbytes-dir both --connbytes-mode packets`)}`,
  realm: (p) =>
    p.family === 'ipv4' && before(p.hooks, 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING')
      ? `-m realm ${not(p, `--realm ${p.draft.random.pick(['0', '5'])}`)}`
      : null,
  policy: (p) =>
    before(p.hooks, 'PREROUTING', 'INPUT', 'FORWARD')
      ? `-m policy --dir in --pol ${p.draft.random.pick(['none', 'ipsec'])}`
      : before(p.hooks, 'OUTPUT', 'POSTROUTING')
        ? `-m policy --dir out --pol ${p.draft.random.pick(['none', 'ipsec'])}`
        : null,
};
