/** Policy rules, routes of every type and the sysctls that decide about them, upon the routes that the shape made. */
import { address, FAMILIES } from './addresses.ts';
import { type Draft, type DraftNamespace, drawLots } from './draft.ts';
import type { Random } from './random.ts';

const END_TYPES = ['blackhole', 'unreachable', 'prohibit', 'throw'] as const;

const subnetOf = (family: 'ipv4' | 'ipv6', subnet: number): string =>
  family === 'ipv4' ? `10.${subnet}.0.0/24` : `fd00:${subnet.toString(16)}::/64`;
const listOf = (ns: DraftNamespace, family: 'ipv4' | 'ipv6'): string[] => (family === 'ipv4' ? ns.ip : ns.ip6);

export function routing(draft: Draft): void {
  const { random } = draft;
  for (const ns of draft.namespaces) {
    if (!random.chance(ns.router ? 0.8 : 0.35)) continue;
    for (const family of FAMILIES) {
      const tables = random.some([100, 101], random.int(0, 2));
      for (const table of tables) {
        for (let i = random.int(0, 2); i > 0; i--) pushRoute(draft, ns, family, table);
        for (let i = random.int(1, 2); i > 0; i--)
          listOf(ns, family).push(`rule add ${selectors(draft, ns, family)} ${action(random, table)}`);
      }
      if (random.chance(0.3)) pushRoute(draft, ns, family, 254);
      if (random.chance(0.1))
        listOf(ns, family).push(
          `rule add ${selectors(draft, ns, family)} ${random.pick(['blackhole', 'unreachable', 'prohibit'])}`,
        );
    }
  }
}

/** More specific than the shape's routes, or as specific with a metric of its own. */
function pushRoute(draft: Draft, ns: DraftNamespace, family: 'ipv4' | 'ipv6', table: number): void {
  const { random } = draft;
  const subnet = random.int(1, 3);
  const prefix = random.weighted<() => string>([
    [2, () => subnetOf(family, subnet)],
    [2, () => `${address(family, subnet, random.pick([1, 2, 254]))}/${family === 'ipv4' ? 32 : 128}`],
    [1, () => 'default'],
    [1, () => (family === 'ipv4' ? `10.${subnet & ~1}.0.0/23` : `fd00:${subnet}::/48`)],
  ])();
  // Of one prefix, two routes differ in their metric: the shape's own have none.
  const metric = ` metric ${random.pick([50, 100, 2000]) + listOf(ns, family).length}`;
  const gateways = gatewaysOf(draft, ns, family);
  if (gateways.length === 0 || random.chance(0.3)) {
    listOf(ns, family).push(`route add ${random.pick(END_TYPES)} ${prefix} table ${table}${metric}`);
    return;
  }
  const extra = [
    random.chance(0.15) ? ` mtu ${random.pick(['1400', 'lock 1400', '1280'])}` : '',
    family === 'ipv4' && random.chance(0.1) ? ` tos ${random.pick(['0x10', '0x08'])}` : '',
    family === 'ipv4' && random.chance(0.25) ? ` realm ${random.pick(['5', '5', '7/5'])}` : '',
  ].join('');
  if (gateways.length > 1 && random.chance(0.4) && drawLots(draft)) {
    const hops = gateways.map((g) => `nexthop via ${g} weight ${random.int(1, 3)}`).join(' ');
    // Which hop a hash of the addresses alone takes is a secret of the boot: undetermined, so not often.
    ns.sysctls.push(`net/${family}/fib_multipath_hash_policy = ${random.chance(0.9) ? 1 : 0}`);
    listOf(ns, family).push(`route add ${prefix} table ${table}${metric} ${hops}`);
    return;
  }
  listOf(ns, family).push(`route add ${prefix} via ${random.pick(gateways)} table ${table}${metric}${extra}`);
}

/** Neighbours on the namespace's own subnets: those who could forward. */
function gatewaysOf(draft: Draft, ns: DraftNamespace, family: 'ipv4' | 'ipv6'): string[] {
  const mine = new Set(ns.devices.flatMap((d) => (d.subnet === null ? [] : [d.subnet])));
  return draft.namespaces
    .filter((other) => other !== ns)
    .flatMap((other) => other.devices)
    .filter((d) => d.subnet !== null && mine.has(d.subnet))
    .map((d) => address(family, d.subnet ?? 1, d.host ?? 1));
}

function selectors(draft: Draft, ns: DraftNamespace, family: 'ipv4' | 'ipv6'): string {
  const { random } = draft;
  const one: (() => string)[] = [
    () => `from ${subnetOf(family, random.int(1, 3))}`,
    () => `from ${address(family, random.int(1, 2), random.pick([1, 2, 254]))}`,
    () => `to ${subnetOf(family, random.int(1, 3))}`,
    () => `iif ${ns.devices.length > 0 ? random.pick(ns.devices).name : 'lo'}`,
    () => 'iif lo',
    () => `fwmark ${random.pick(['1', '0x4000/0x4000', '0/0xff', '2'])}`,
    () => `ipproto ${random.pick(family === 'ipv4' ? ['tcp', 'udp', 'icmp'] : ['tcp', 'udp', 'ipv6-icmp'])}`,
    () => `ipproto ${random.pick(['tcp', 'udp'])} dport ${random.pick(['80', '443-8080'])}`,
    () => `ipproto ${random.pick(['tcp', 'udp'])} sport 20000-24000`,
    () => `tos ${random.pick(['0x10', '0x08'])}`,
    () => 'uidrange 1000-1001',
  ];
  const chosen = random.some(one, random.int(1, 2)).map((make) => make());
  const names = new Set<string>();
  const kept = chosen.filter((text) => {
    const [name = ''] = text.split(' ');
    const fresh = !names.has(name);
    names.add(name);
    return fresh;
  });
  return `${random.chance(0.15) ? 'not ' : ''}${kept.join(' ')}`;
}

const action = (random: Random, table: number): string =>
  random.weighted([
    [6, `lookup ${table}`],
    [1, `lookup ${table} suppress_prefixlength 0`],
    [1, `lookup ${table} suppress_prefixlength 24`],
    [1, 'goto 32766'],
  ]);

/** Sysctls that let packets through or not. Each is written on a device or on `all`. */
export function kernelSettings(draft: Draft): void {
  const { random } = draft;
  for (const ns of draft.namespaces) {
    const devices = ns.devices.map((d) => d.name);
    const somewhere = (): string => (devices.length > 0 && random.chance(0.6) ? random.pick(devices) : 'all');
    const set = (probability: number, path: () => string, value: () => number): void => {
      if (random.chance(probability)) ns.deviceSysctls.push(`${path()} = ${value()}`);
    };
    set(
      0.35,
      () => `net/ipv4/conf/${somewhere()}/rp_filter`,
      () => random.int(0, 2),
    );
    set(
      0.1,
      () => `net/ipv4/conf/${somewhere()}/src_valid_mark`,
      () => 1,
    );
    set(
      0.1,
      () => `net/ipv4/conf/${somewhere()}/accept_local`,
      () => 1,
    );
    set(
      0.15,
      () => `net/ipv4/conf/${somewhere()}/route_localnet`,
      () => 1,
    );
    set(
      0.15,
      () => `net/ipv4/conf/${somewhere()}/arp_ignore`,
      () => random.int(0, 2),
    );
    set(
      0.05,
      () => `net/ipv4/conf/${somewhere()}/arp_filter`,
      () => 1,
    );
    set(
      0.1,
      () => `net/ipv4/conf/${somewhere()}/proxy_arp`,
      () => 1,
    );
    set(
      0.1,
      () => `net/ipv4/conf/${somewhere()}/arp_announce`,
      () => random.int(1, 2),
    );
    set(
      0.05,
      () => `net/ipv4/conf/${somewhere()}/ignore_routes_with_linkdown`,
      () => 1,
    );
    set(
      0.05,
      () => 'net/ipv4/ip_nonlocal_bind',
      () => 1,
    );
    set(
      0.05,
      () => 'net/ipv6/ip_nonlocal_bind',
      () => 1,
    );
    if (ns.router && devices.length > 0 && random.chance(0.1)) {
      const device = random.pick(devices);
      const subnet = random.int(1, 3);
      ns.ip.push(
        `neigh add proxy 10.${subnet}.0.${random.pick([1, 2, 77])} dev ${device}`,
        `neigh add proxy fd00:${subnet}::${random.pick(['1', '2', '4d'])} dev ${device}`,
      );
      ns.deviceSysctls.push(`net/ipv6/conf/${device}/proxy_ndp = 1`);
    }
    set(
      ns.router ? 0.1 : 0,
      () => `net/ipv4/conf/${random.pick([...devices, 'all'])}/forwarding`,
      () => 0,
    );
    set(
      ns.router ? 0.1 : 0,
      () => `net/ipv6/conf/${random.pick([...devices, 'all'])}/forwarding`,
      () => 0,
    );
    set(
      0.05,
      () => 'net/ipv4/icmp_echo_ignore_all',
      () => 1,
    );
    set(
      0.05,
      () => 'net/ipv6/icmp/echo_ignore_all',
      () => 1,
    );
    set(
      0.1,
      () => 'net/ipv4/fwmark_reflect',
      () => 1,
    );
    set(
      0.1,
      () => 'net/ipv6/fwmark_reflect',
      () => 1,
    );
    set(
      0.05,
      () => 'net/ipv4/icmp_errors_use_inbound_ifaddr',
      () => 1,
    );
    set(
      0.1,
      () => 'net/netfilter/nf_conntrack_tcp_loose',
      () => 0,
    );
    set(
      0.1,
      () => 'net/netfilter/nf_conntrack_tcp_be_liberal',
      () => 1,
    );
  }
}

/** An entry that is old or fresh is used as one that was made by hand is: until somebody tells better. */
const NUD = ['permanent', 'stale', 'reachable', 'noarp'] as const;

/** Smaller devices on the way, devices that are down, neighbours that are wrong. */
export function linkTrouble(draft: Draft): void {
  const { random } = draft;
  const ns = random.pick(draft.namespaces);
  if (ns.devices.length === 0) return;
  const device = random.pick(ns.devices);
  const line = random.weighted<() => string | null>([
    [6, () => `link set ${device.name} mtu ${random.pick([1280, 1400, 1450, 1300])}`],
    [1, () => `link set ${device.name} down`],
    [0.5, () => `link set ${device.name} arp off`],
    [
      1,
      () =>
        device.subnet === null
          ? null
          : `neigh replace 10.${device.subnet}.0.${random.pick([1, 2, 254])} lladdr 02:00:00:00:00:99 dev ${device.name} nud ${random.pick(NUD)}`,
    ],
    [
      1,
      () =>
        device.subnet === null
          ? null
          : `neigh replace fd00:${device.subnet.toString(16)}::${random.pick(['1', '2', 'fe'])} lladdr 02:00:00:00:00:99 dev ${device.name} nud ${random.pick(NUD)}`,
    ],
  ])();
  if (line !== null) ns.late.push(line);
  for (const bridge of draft.namespaces.filter((n) => n.links.includes('link add br0 type bridge')))
    if (random.chance(0.5)) portSettings(draft, bridge);
}

const PORT_SETTINGS = [
  'isolated on',
  'flood off',
  'flood off learning off',
  'mcast_flood off',
  'bcast_flood off',
  'hairpin on',
  'locked on learning off',
  'state 4',
] as const;

function portSettings({ random }: Draft, ns: DraftNamespace): void {
  const ports = ns.ip.flatMap((line) => /^link set (\S+) master br0$/.exec(line)?.[1] ?? []);
  const setting = random.weighted([[6, 'isolated on'] as const, ...PORT_SETTINGS.map((one) => [1, one] as const)]);
  for (const port of random.some(ports, setting === 'isolated on' ? 2 : 1))
    ns.bridge.push(`link set dev ${port} ${setting}`);
}
