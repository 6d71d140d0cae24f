/** Targets of x_tables rules, one maker per kind. null: this target cannot stand here. */
import { address } from '../addresses.ts';
import { type Place, portRange } from './matches.ts';

type Maker = (place: Place) => string | null;

const only = (p: Place, ...tables: string[]): boolean => tables.includes(p.table);
const within = (p: Place, ...hooks: string[]): boolean => p.hooks.every((h) => hooks.includes(h));

/** Where DNAT may send packets: an end of the world. */
function anEnd(p: Place): string {
  const ends = p.draft.namespaces.flatMap((ns) => ns.devices).filter((d) => d.subnet !== null);
  const { subnet, host } = p.draft.random.pick(ends);
  return address(p.family, subnet ?? 1, host ?? 1);
}

const bracketed = (p: Place, text: string): string => (p.family === 'ipv4' ? text : `[${text}]`);

const REJECTS = {
  ipv4: [
    'icmp-net-unreachable',
    'icmp-host-unreachable',
    'icmp-port-unreachable',
    'icmp-proto-unreachable',
    'icmp-net-prohibited',
    'icmp-host-prohibited',
    'icmp-admin-prohibited',
  ],
  ipv6: [
    'icmp6-no-route',
    'icmp6-adm-prohibited',
    'icmp6-addr-unreachable',
    'icmp6-port-unreachable',
    'icmp6-policy-fail',
    'icmp6-reject-route',
  ],
} as const;

/** Weights: what ends the walk through a chain is rarer, so that packets get deep. */
export const XT_TARGETS: Readonly<Record<string, readonly [weight: number, Maker]>> = {
  none: [1, () => ''],
  accept: [3, () => '-j ACCEPT'],
  drop: [1.5, (p) => (only(p, 'nat') ? null : '-j DROP')],
  return: [1.5, () => '-j RETURN'],
  reject: [
    1.5,
    (p) => {
      if (!only(p, 'filter') || !within(p, 'INPUT', 'FORWARD', 'OUTPUT')) return null;
      const type =
        p.protocol === 'tcp' && p.draft.random.chance(0.4) ? 'tcp-reset' : p.draft.random.pick(REJECTS[p.family]);
      return `-j REJECT --reject-with ${type}`;
    },
  ],
  mark: [
    2,
    (p) =>
      only(p, 'mangle', 'nat', 'filter', 'raw')
        ? `-j MARK ${p.draft.random.pick(['--set-mark 1', '--set-xmark 0x4000/0x4000', '--or-mark 2', '--and-mark 0xff', '--xor-mark 1'])}`
        : null,
  ],
  connmark: [
    1.5,
    (p) =>
      only(p, 'raw')
        ? null
        : `-j CONNMARK ${p.draft.random.pick(['--set-mark 1', '--save-mark', '--restore-mark', '--set-xmark 0x4000/0x4000', '--save-mark --nfmask 0xff --ctmask 0xff', '--restore-mark --nfmask 0xf --ctmask 0xf'])}`,
  ],
  dnat: [
    4,
    (p) => {
      if (!only(p, 'nat') || !within(p, 'PREROUTING', 'OUTPUT')) return null;
      const to = anEnd(p);
      return p.protocol === 'tcp' || p.protocol === 'udp'
        ? p.draft.random.weighted<() => string>([
            [3, () => `-j DNAT --to-destination ${bracketed(p, to)}:${p.draft.random.pick([80, 443, 8080])}`],
            [2, () => `-j DNAT --to-destination ${to}`],
          ])()
        : `-j DNAT --to-destination ${to}`;
    },
  ],
  redirect: [
    1.5,
    (p) =>
      only(p, 'nat') && within(p, 'PREROUTING', 'OUTPUT') && (p.protocol === 'tcp' || p.protocol === 'udp')
        ? `-j REDIRECT --to-ports ${p.draft.random.pick(['8080', '80', '443'])}`
        : null,
  ],
  snat: [
    3,
    (p) => {
      if (!only(p, 'nat') || !within(p, 'POSTROUTING', 'INPUT')) return null;
      const own = p.ns.devices.filter((d) => d.subnet !== null);
      if (own.length === 0) return null;
      const d = p.draft.random.pick(own);
      const to = address(p.family, d.subnet ?? 1, d.host ?? 1);
      return (p.protocol === 'tcp' || p.protocol === 'udp') && p.draft.random.chance(0.3)
        ? `-j SNAT --to-source ${bracketed(p, to)}:${p.draft.random.pick(['61000', '61000-61000'])}`
        : `-j SNAT --to-source ${to}`;
    },
  ],
  masquerade: [3, (p) => (only(p, 'nat') && within(p, 'POSTROUTING') ? '-j MASQUERADE' : null)],
  netmap: [
    1,
    (p) => {
      if (!only(p, 'nat') || !within(p, 'PREROUTING', 'OUTPUT', 'POSTROUTING', 'INPUT')) return null;
      const subnet = p.draft.random.int(1, 2);
      return `-j NETMAP --to ${p.family === 'ipv4' ? `10.${subnet}.0.0/24` : `fd00:${subnet}::/64`}`;
    },
  ],
  notrack: [1.5, (p) => (only(p, 'raw') ? '-j CT --notrack' : null)],
  zone: [1.2, (p) => (only(p, 'raw') ? `-j CT --zone ${p.draft.random.pick(['1', '7'])}` : null)],
  tos: [
    1,
    (p) =>
      only(p, 'mangle')
        ? `-j TOS ${p.draft.random.pick(['--set-tos 0x10', '--set-tos 0x08/0x3f', '--or-tos 0x04'])}`
        : null,
  ],
  dscp: [1, (p) => (only(p, 'mangle') ? `-j DSCP --set-dscp ${p.draft.random.pick(['0x0a', '0x2e'])}` : null)],
  ttl: [
    1,
    (p) =>
      only(p, 'mangle')
        ? p.family === 'ipv4'
          ? `-j TTL ${p.draft.random.pick(['--ttl-set 64', '--ttl-inc 1', '--ttl-dec 1'])}`
          : `-j HL ${p.draft.random.pick(['--hl-set 64', '--hl-inc 1', '--hl-dec 1'])}`
        : null,
  ],
  tcpmss: [
    0.5,
    (p) =>
      only(p, 'mangle') && p.protocol === 'tcp' && within(p, 'FORWARD', 'OUTPUT', 'POSTROUTING')
        ? '-m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu'
        : null,
  ],
  classify: [
    0.5,
    (p) => (only(p, 'mangle') && within(p, 'FORWARD', 'OUTPUT', 'POSTROUTING') ? '-j CLASSIFY --set-class 1:2' : null),
  ],
  nflog: [0.5, () => '-j NFLOG --nflog-group 9'],
  checksum: [0.3, (p) => (only(p, 'mangle') && p.protocol === 'udp' ? '-j CHECKSUM --checksum-fill' : null)],
  tproxy: [
    0.6,
    (p) =>
      only(p, 'mangle') && within(p, 'PREROUTING') && (p.protocol === 'tcp' || p.protocol === 'udp')
        ? `-j TPROXY --on-port ${portRange(p).replace(/:.*$/, '') || '80'} --on-ip ${p.family === 'ipv4' ? '0.0.0.0' : '::'} --tproxy-mark 0x1/0x1`
        : null,
  ],
};
