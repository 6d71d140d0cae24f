/**
 * What decides seldom, made to decide: each is aimed at the packets that a world sends anyway. They are drawn from a stream of
 * their own, so that a world which has none of them stays as it was.
 */
import { address, FAMILIES } from './addresses.ts';
import type { Draft, DraftDevice, DraftNamespace } from './draft.ts';

type Rare = (draft: Draft, ns: DraftNamespace) => void;

export function rareWays(draft: Draft): void {
  const { random } = draft;
  for (const rare of random.some(RARE, random.int(1, 2))) rare(draft, random.pick(draft.namespaces));
}

interface Addressed extends DraftDevice {
  readonly subnet: number;
  readonly host: number;
}

const addressed = (ns: DraftNamespace): Addressed[] =>
  ns.devices.flatMap((d) => (d.subnet === null || d.host === null ? [] : [{ ...d, subnet: d.subnet, host: d.host }]));

/** A device of the namespace, and somebody else's of the same subnet. */
function neighbours(draft: Draft, ns: DraftNamespace): readonly (readonly [own: Addressed, other: Addressed])[] {
  const others = draft.namespaces.filter((other) => other !== ns).flatMap(addressed);
  return addressed(ns).flatMap((own) => others.filter((o) => o.subnet === own.subnet).map((o) => [own, o] as const));
}

/** Holds the hosts with small numbers, and is more specific than the routes of the shapes. */
const prefix = (family: 'ipv4' | 'ipv6', subnet: number): string =>
  family === 'ipv4' ? `10.${subnet}.0.0/25` : `fd00:${subnet.toString(16)}::/72`;

/** Where a packet of the world may go besides the namespace's own subnets. */
function farSubnet(draft: Draft, ns: DraftNamespace): number | null {
  const own = new Set(addressed(ns).map((d) => d.subnet));
  const far = draft.namespaces.flatMap(addressed).filter((d) => !own.has(d.subnet));
  return far.length === 0 ? null : draft.random.pick(far).subnet;
}

/** Before a world's other IPv6 routes: no gateway is taken that is behind a gateway itself by then (ip6_route_check_nh). */
function put(ns: DraftNamespace, family: 'ipv4' | 'ipv6', ...lines: readonly string[]): void {
  if (family === 'ipv4') ns.ip.push(...lines);
  else ns.ip6.unshift(...lines);
}

/** The route says which address the packets have as their source. */
const sourceOfRoute: Rare = (draft, ns) => {
  const pairs = neighbours(draft, ns);
  const far = farSubnet(draft, ns);
  if (pairs.length === 0 || far === null) return;
  const [own, gateway] = draft.random.pick(pairs);
  for (const family of FAMILIES) {
    const source = address(family, own.subnet, 51);
    put(
      ns,
      family,
      `address add ${source}/${family === 'ipv4' ? 24 : 64} dev ${own.name}${family === 'ipv6' ? ' nodad' : ''}`,
      `route add ${prefix(family, far)} via ${address(family, gateway.subnet, gateway.host)} src ${source} metric 7`,
    );
  }
};

/** A route for one class of packets, of the same prefix as another. */
const routeOfClass: Rare = (draft, ns) => {
  const far = farSubnet(draft, ns);
  if (far === null) return;
  const { random } = draft;
  const end = random.pick(['unreachable', 'prohibit', 'blackhole'] as const);
  ns.ip.push(`route add ${end} ${prefix('ipv4', far)} tos ${random.pick(['0x10', '0x08'])}`);
};

/** Packets of a subnet are sent past the rule that refuses them. */
const goesPast: Rare = (draft, ns) => {
  const { random } = draft;
  const subnets = draft.namespaces.flatMap(addressed).map((d) => d.subnet);
  if (subnets.length === 0) return;
  for (const family of FAMILIES) {
    const list = family === 'ipv4' ? ns.ip : ns.ip6;
    const [from, to] = [prefix(family, random.pick(subnets)), prefix(family, random.pick(subnets))];
    list.push(
      'rule add pref 31000 from all lookup main',
      `rule add pref 30000 ${random.pick([`to ${to}`, `from ${from}`, 'iif lo', 'ipproto tcp'])} goto 31000`,
      `rule add pref 30500 ${random.pick([`to ${to}`, `from ${from}`, 'from all'])} ${random.pick(['prohibit', 'unreachable', 'blackhole'])}`,
    );
  }
};

/** A router asks with an address that its neighbour does not answer, or with another one. */
const announces: Rare = (draft) => {
  const { random } = draft;
  const routers = draft.namespaces.filter((ns) => addressed(ns).length > 1 && neighbours(draft, ns).length > 0);
  if (routers.length === 0) return;
  const ns = random.pick(routers);
  const [own, other] = random.pick(neighbours(draft, ns));
  const asked = draft.namespaces.find(
    (n) => n !== ns && n.devices.some((d) => d.name === other.name && d.subnet === other.subnet),
  );
  asked?.deviceSysctls.push(`net/ipv4/conf/${other.name}/arp_ignore = 2`);
  if (random.chance(0.6)) ns.deviceSysctls.push(`net/ipv4/conf/${own.name}/arp_announce = ${random.int(1, 2)}`);
  // The router's own packets decide: some are sent from the other devices' addresses.
  for (let i = 0; i < draft.flows.length; i++) {
    const flow = draft.flows[i];
    const from = addressed(ns).find((d) => d.subnet !== own.subnet);
    if (flow && from && flow.family === 'ipv4' && random.chance(0.2))
      draft.flows[i] = {
        ...flow,
        from: ns.name,
        device: null,
        source: address('ipv4', from.subnet, from.host),
        destination: address('ipv4', other.subnet, other.host),
      };
  }
};

const STATES = ['permanent', 'noarp', 'reachable', 'stale', 'failed'] as const;

/** An entry with an address that nobody has, or without any. */
const wrongNeighbour: Rare = (draft, ns) => {
  const pairs = neighbours(draft, ns);
  if (pairs.length === 0) return;
  const { random } = draft;
  const [own, other] = random.pick(pairs);
  for (const family of FAMILIES) {
    const state = random.pick(STATES);
    ns.late.push(
      `neigh replace ${address(family, other.subnet, other.host)}${state === 'failed' ? '' : ' lladdr 02:00:00:00:00:99'} dev ${own.name} nud ${state}`,
    );
  }
};

/** The route takes smaller packets than its device. */
const smallRoute: Rare = (draft, ns) => {
  const pairs = neighbours(draft, ns);
  const far = farSubnet(draft, ns);
  if (pairs.length === 0 || far === null) return;
  const { random } = draft;
  const [, gateway] = random.pick(pairs);
  for (const family of FAMILIES)
    put(
      ns,
      family,
      `route add ${prefix(family, far)} via ${address(family, gateway.subnet, gateway.host)} metric 6 mtu ${random.pick(['1280', 'lock 1280', '1400'])}`,
    );
};

/** Packets whose source, translated on the way, is one of loopback: nobody takes them from a wire. */
const martians: Rare = (draft) => {
  const { random } = draft;
  const ns = random.pick(draft.namespaces);
  const target = random.pick(draft.namespaces.flatMap(addressed));
  ns.nft.push(
    'table ip martian {',
    ' chain leaving {',
    '  type nat hook postrouting priority 173; policy accept;',
    `  ip daddr ${address('ipv4', target.subnet, target.host)} snat to ${random.pick(['127.0.0.1', '0.0.0.9', '224.0.0.1', '255.255.255.255'])}`,
    ' }',
    '}',
    'table ip6 martian {',
    ' chain leaving {',
    '  type nat hook postrouting priority 173; policy accept;',
    `  ip6 daddr ${address('ipv6', target.subnet, target.host)} snat to ${random.pick(['::1', 'ff02::1'])}`,
    ' }',
    '}',
  );
};

const RARE: readonly Rare[] = [sourceOfRoute, routeOfClass, goesPast, announces, wrongNeighbour, smallRoute, martians];
