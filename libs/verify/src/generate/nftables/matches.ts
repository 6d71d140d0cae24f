/** Conditions of nft rules, as nft reads them; null: this one cannot stand here. */
import { drawLots } from '../draft.ts';
import { anEnd, hasPorts, ipWord, type NftPlace, someAddresses, within } from './place.ts';

type Maker = (place: NftPlace) => string | null;

const op = ({ draft: { random } }: NftPlace): string => (random.chance(0.25) ? '!= ' : '');
const device = ({ draft: { random }, ns }: NftPlace): string =>
  ns.devices.length > 0 ? random.pick(ns.devices).name : 'lo';

const input = (p: NftPlace): boolean => within(p, 'prerouting', 'input', 'forward');
const output = (p: NftPlace): boolean => within(p, 'forward', 'output', 'postrouting');

export const NFT_MATCHES: Readonly<Record<string, Maker>> = {
  address: (p) => `${ipWord(p)} ${p.draft.random.pick(['saddr', 'daddr'])} ${op(p)}${someAddresses(p.draft, p.family)}`,
  'address-set': (p) =>
    `${ipWord(p)} ${p.draft.random.pick(['saddr', 'daddr'])} ${op(p)}{ ${[anEnd(p.draft, p.family), ...p.draft.random.some(p.family === 'ipv4' ? ['10.2.0.0/24', '10.77.0.1-10.77.0.9', '10.99.0.1'] : ['fd00:2::/64', 'fd00:4d::1-fd00:4d::9', 'fd00:63::1'], p.draft.random.int(0, 2))].join(', ')} }`,
  'address-mask': (p) =>
    p.family === 'ipv4'
      ? `ip ${p.draft.random.pick(['saddr', 'daddr'])} & 0.0.0.255 ${p.draft.random.pick(['==', '!=', '<', '>='])} 0.0.0.${p.draft.random.pick([1, 2, 254])}`
      : null,
  protocol: (p) =>
    p.protocol === null
      ? `meta l4proto ${op(p)}${p.draft.random.pick(['tcp', 'udp', '{ tcp, udp }', 'icmp', 'ipv6-icmp'])}`
      : null,
  port: (p) =>
    hasPorts(p)
      ? `${p.protocol} ${p.draft.random.pick(['dport 80', 'dport 443', 'dport != 8080', 'dport 80-1024', 'dport { 80, 443, 8080 }', 'dport { 80-1024, 5353 }', 'sport 20000-24000', 'sport >= 22000', 'dport < 1024', 'sport & 1 == 0'])}`
      : null,
  // Of what has no ports, th reads what happens to stand there: of ICMP a checksum over data that no question names.
  'th-port': (p) => {
    const { random } = p.draft;
    const gate = random.chance(0.95) ? `meta l4proto ${p.protocol} ` : '';
    return hasPorts(p) ? `${gate}th dport ${op(p)}${random.pick([80, 443, 8080, '{ 80, 8080 }'])}` : null;
  },
  'tcp-flags': (p) =>
    p.protocol === 'tcp'
      ? `tcp flags ${p.draft.random.pick(['syn', '& (syn|ack) == syn', '& (fin|syn|rst|ack) == syn|ack', '!= syn', '& rst == rst'])}`
      : null,
  icmp: (p) =>
    p.protocol === 'icmp'
      ? p.family === 'ipv4'
        ? `icmp type ${op(p)}${p.draft.random.pick(['echo-request', 'echo-reply', '{ echo-request, echo-reply }', 'destination-unreachable'])}`
        : `icmpv6 type ${op(p)}${p.draft.random.pick(['echo-request', 'echo-reply', '{ echo-request, echo-reply }', 'destination-unreachable'])}`
      : null,
  length: (p) =>
    p.family === 'ipv4'
      ? `ip length ${p.draft.random.pick(['< 100', '> 60', '44', '61-1500'])}`
      : `meta length ${p.draft.random.pick(['< 100', '> 80', '64', '81-1500'])}`,
  ttl: (p) =>
    p.family === 'ipv4'
      ? `ip ttl ${p.draft.random.pick(['64', '< 64', '> 62', '63', '!= 64'])}`
      : `ip6 hoplimit ${p.draft.random.pick(['64', '< 64', '> 62', '63'])}`,
  dscp: (p) => `${ipWord(p)} dscp ${op(p)}${p.draft.random.pick(['cs0', 'ef', '0x04', 'af11', '{ cs0, ef }'])}`,
  mark: (p) =>
    `meta mark ${p.draft.random.pick(['0', '1', '!= 0', '& 0x4000 == 0x4000', '& 0x1 == 0', '< 3', '{ 0, 2 }'])}`,
  iifname: (p) => (input(p) ? `iifname ${op(p)}"${device(p)}${p.draft.random.chance(0.15) ? '*' : ''}"` : null),
  iif: (p) => (input(p) ? `iif ${op(p)}"${p.draft.random.chance(0.3) ? 'lo' : device(p)}"` : null),
  oifname: (p) => (output(p) ? `oifname ${op(p)}"${device(p)}"` : null),
  oif: (p) => (output(p) ? `oif ${op(p)}"${p.draft.random.chance(0.3) ? 'lo' : device(p)}"` : null),
  'iifname-set': (p) => (input(p) ? `iifname { "${device(p)}", "lo" }` : null),
  nfproto: (p) => (p.table === 'inet' ? `meta nfproto ${p.family}` : null),
  pkttype: (p) => `meta pkttype ${op(p)}${p.draft.random.pick(['host', 'unicast', 'broadcast', 'multicast'])}`,
  // With another link layer named, nft no longer knows that IP follows.
  iiftype: (p) => (input(p) ? `iiftype ${p.draft.random.pick(['ether', '!= ether'])}` : null),
  iifgroup: (p) => (input(p) ? `iifgroup ${p.draft.random.pick([0, 7])}` : null),
  skuid: (p) =>
    within(p, 'output', 'postrouting') ? `meta skuid ${p.draft.random.pick(['0', '1000', '!= 0', '1000-1001'])}` : null,
  'ct-state': (p) =>
    `ct state ${p.draft.random.pick(['new', 'established', 'established,related', 'invalid', 'untracked', '!= new', '{ new, established }'])}`,
  'ct-direction': (p) => `ct direction ${p.draft.random.pick(['original', 'reply'])}`,
  'ct-status': (p) => `ct status ${p.draft.random.pick(['dnat', 'snat', 'confirmed', 'seen-reply', 'assured'])}`,
  'ct-mark': (p) => `ct mark ${p.draft.random.pick(['0', '1', '!= 0', '& 0x4000 == 0x4000'])}`,
  'ct-address': (p) =>
    `ct ${p.draft.random.pick(['original', 'reply'])} ${ipWord(p)} ${p.draft.random.pick(['saddr', 'daddr'])} ${op(p)}${anEnd(p.draft, p.family)}`,
  // nft reads the port only behind the protocol.
  'ct-port': (p) =>
    hasPorts(p)
      ? `meta l4proto ${p.protocol} ct ${p.draft.random.pick(['original proto-dst', 'reply proto-src'])} ${op(p)}${p.draft.random.pick([80, 443, 8080])}`
      : null,
  'ct-protocol': (p) => (p.protocol === 'tcp' || p.protocol === 'udp' ? `ct protocol ${p.protocol}` : null),
  'fib-type': (p) =>
    within(p, 'prerouting', 'input', 'output')
      ? `fib daddr type ${op(p)}${p.draft.random.pick(['local', 'unicast', 'broadcast', '{ local, broadcast }'])}`
      : null,
  'fib-saddr-type': (p) =>
    within(p, 'prerouting', 'input') ? `fib saddr type ${op(p)}${p.draft.random.pick(['local', 'unicast'])}` : null,
  'fib-oif': (p) =>
    within(p, 'prerouting', 'input')
      ? `fib saddr${p.draft.random.pick(['', ' . iif', ' . mark', ' . mark . iif'])} oif ${p.draft.random.pick(['missing', 'exists'])}`
      : null,
  'fib-oifname': (p) => (within(p, 'prerouting', 'input') ? `fib daddr oifname ${op(p)}"${device(p)}"` : null),
  realm: (p) =>
    p.family === 'ipv4' && within(p, 'input', 'forward', 'output', 'postrouting')
      ? `rt classid ${op(p)}${p.draft.random.pick([0, 5, '0x50000'])}`
      : null,
  'rt-nexthop': (p) =>
    within(p, 'forward', 'postrouting') ? `rt ${ipWord(p)} nexthop ${op(p)}${anEnd(p.draft, p.family)}` : null,
  socket: (p) =>
    within(p, 'prerouting', 'input') && hasPorts(p)
      ? p.draft.random.pick(['socket transparent 0', 'socket transparent 1', 'socket wildcard 1', 'socket wildcard 0'])
      : null,
  concatenation: (p) =>
    hasPorts(p)
      ? `${ipWord(p)} daddr . ${p.protocol} dport ${op(p)}{ ${anEnd(p.draft, p.family)} . 80, ${someAddresses(p.draft, p.family)} . ${p.draft.random.pick(['443', '1-1024', '8080'])} }`
      : null,
  'named-set': (p) => {
    const usable = p.sets.filter((s) => s.gives === 'nothing' && s.family === p.family);
    if (usable.length === 0) return null;
    const set = p.draft.random.pick(usable);
    const words = keyWords(p, set.key);
    return words && `${words} ${op(p)}@${set.name}`;
  },
  // Neighbour discovery is no packet's own: asked again by timers, remembered for the packets after. With lots drawn about it
  // no share of the connections is anybody's to tell, so it is left out of them.
  numgen: (p) =>
    drawLots(p.draft)
      ? `${p.table === 'ip' ? '' : 'meta l4proto != ipv6-icmp '}numgen random mod ${p.draft.random.pick(['2 == 0', '4 < 3', '3 != 1'])}`
      : null,
  jhash: (p) =>
    `jhash ${ipWord(p)} saddr${hasPorts(p) ? ` . ${p.protocol} sport` : ''} mod 2 seed 0x${p.draft.random.int(1, 65535).toString(16)} == ${p.draft.random.int(0, 1)}`,
  shift: (p) =>
    hasPorts(p) ? `${p.protocol} sport & 0xff00 == ${p.draft.random.pick(['0x4e00', '0x5000', '0x5200'])}` : null,
};

/** What a set of this key is looked up with. */
export function keyWords(p: NftPlace, key: NftPlace['sets'][number]['key']): string | null {
  const ip = ipWord(p);
  switch (key) {
    case 'address':
      return `${ip} ${p.draft.random.pick(['saddr', 'daddr'])}`;
    case 'port':
      return hasPorts(p) ? `${p.protocol} dport` : null;
    case 'address-port':
      return hasPorts(p) ? `${ip} daddr . ${p.protocol} dport` : null;
    case 'address-proto-port':
      return hasPorts(p) ? `${ip} daddr . meta l4proto . th dport` : null;
    case 'mark':
      return 'meta mark';
    case 'ifname':
      return input(p) ? 'iifname' : null;
  }
}
