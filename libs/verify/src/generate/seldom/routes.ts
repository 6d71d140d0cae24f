/** Routes of a packet's own address, of every seldom kind. */
import { address } from '../addresses.ts';
import { addAddresses } from '../draft.ts';
import {
  bits,
  FAR,
  type Kind,
  linesOf,
  NEAR,
  once,
  own,
  PORTS_OPEN,
  ROUTER,
  type Wide,
  wire,
  withPorts,
} from './wide.ts';

/** A route in the main table that refuses, or sends the lookup on, which then finds nothing. */
const refusing =
  (type: 'throw' | 'blackhole' | 'unreachable' | 'prohibit'): Kind =>
  ({ r, a, draft }, { family, only }, packet) => {
    linesOf(draft.random.chance(0.7) ? r : a, family).push(`route add ${type} ${only} metric 5`);
    return packet;
  };

/** Half of the packets are of the class. */
const ofClass: Kind = ({ r, draft: { random } }, { family, only }, packet) => {
  if (family === 'ipv6') return null;
  r.ip.push(`route add ${random.pick(['blackhole', 'prohibit'])} ${only} tos 0x10`);
  return { ...packet, tos: random.pick([0, 0x10, 0x10, 0x08]) };
};

/** The route says which of its addresses the sender takes. */
const withSource: Kind = ({ a }, { family, source, only }, packet) => {
  linesOf(a, family).push(`route add ${only} via ${address(family, NEAR, ROUTER)} src ${source} metric 5`);
  return { ...packet, source: null };
};

/** IPv6: a route for the packets of some sources. */
const fromPrefix: Kind = ({ r, draft: { random } }, { family, source, only }, packet) => {
  if (family === 'ipv4') return null;
  const from = random.pick([`${source}/128`, 'fd00:1::/64', 'fd00:2::/64']);
  r.ip6.push(`route add ${only} from ${from} via ${address(family, FAR, 77)} dev to-b metric 5`);
  return packet;
};

/** A wire of r's to itself: its device goes down, or its other end is. */
const stump = (wide: Wide, name: string, down: 'device' | 'other end'): string => {
  once(wide, name, () => {
    wide.r.links.push(`link add ${name} type veth peer name ${name}x`);
    wide.r.ip.push(`link set ${name} up`);
    if (down === 'other end') return;
    wide.r.ip.push(`link set ${name}x up`);
    addAddresses(wide.r, name, STUMP, ROUTER);
    wide.r.late.push(`link set ${name} down`);
  });
  return name;
};

const STUMP = 19;

/** One of two next hops is dead, and no lot is drawn. */
const deadHop: Kind = (wide, { family, only }, packet) => {
  const dead = stump(wide, 'dead', 'device');
  once(wide, 'hash-policy', () =>
    wide.r.sysctls.push('net/ipv4/fib_multipath_hash_policy = 1', 'net/ipv6/fib_multipath_hash_policy = 1'),
  );
  const alive = `via ${address(family, FAR, 1)} dev to-b`;
  linesOf(wide.r, family).push(
    `route add ${only} metric 5 nexthop via ${address(family, STUMP, 1)} dev ${dead} weight 3 nexthop ${alive}`,
  );
  return packet;
};

/** The device has no carrier: does the route by it count? */
const linkDown: Kind = (wide, { family, only }, packet) => {
  const down = stump(wide, 'mute', 'other end');
  once(wide, 'linkdown', () => {
    if (wide.draft.random.chance(0.75))
      for (const f of ['ipv4', 'ipv6'])
        wide.r.deviceSysctls.push(`net/${f}/conf/${down}/ignore_routes_with_linkdown = 1`);
  });
  linesOf(wide.r, family).push(`route add ${only} dev ${down} metric 5`);
  return packet;
};

/** A host that knows one gateway to be silent takes the other, whatever its metric. */
const failedGateway: Kind = ({ a }, { family, only }, packet) => {
  if (family === 'ipv4') return null;
  const silent = address(family, NEAR, 77);
  a.ip6.push(
    `route add ${only} via ${silent} dev eth0 metric 5`,
    `route add ${only} via ${address(family, NEAR, ROUTER)} dev eth0 metric 50`,
  );
  const line = `neigh replace ${silent} dev eth0 nud failed`;
  if (!a.late.includes(line)) a.late.push(line);
  return packet;
};

/** IPv4: a socket that is bound to a device takes the address to be on its link where no route leads to it. */
const onLink: Kind = ({ a, b, r, draft: { random } }, { family, host }, packet) => {
  if (family === 'ipv6') return null;
  const destination = address(family, 66, host);
  a.ip.push(`route add ${random.pick(['unreachable', 'blackhole'])} ${destination}/32`);
  own(random.pick([r, b]), 'lo', destination);
  return { ...packet, destination, device: 'eth0' };
};

/** On its way out of a the packet gets a source that nobody passes on, or takes at all. */
const translatedTo =
  (sources: readonly string[]): Kind =>
  (wide, { family, sports }, given) => {
    if (family === 'ipv4') return null;
    const packet = withPorts(given);
    const { a, draft } = wide;
    a.nft.push(
      `table ip6 as${packet.sport} {`,
      ' chain leaving {',
      '  type nat hook postrouting priority 101; policy accept;',
      `  meta l4proto ${packet.protocol} ${sports} snat to ${draft.random.pick(sources)}`,
      ' }',
      '}',
    );
    return packet;
  };

/** To everybody of a subnet behind the router. */
const toAll: Kind = ({ r, draft: { random }, laid }, { family }, packet) => {
  if (family === 'ipv6') return null;
  if (!laid.has('bc')) {
    laid.add('bc');
    for (const device of random.chance(0.6) ? ['all', 'to-a'] : [random.pick(['all', 'to-a', 'to-b'])])
      r.deviceSysctls.push(`net/ipv4/conf/${device}/bc_forwarding = 1`);
    if (random.chance(0.5)) r.sysctls.push('net/ipv4/icmp_echo_ignore_broadcasts = 0');
  }
  if (random.chance(0.5)) return { ...packet, protocol: 'udp', dport: PORTS_OPEN[0], destination: '10.2.0.255' };
  return {
    ...packet,
    dport: packet.protocol === 'icmp' ? 0 : random.pick([...PORTS_OPEN, 9]),
    destination: '10.2.0.255',
  };
};

/** What r itself sends by several wires: of a given source the hop is taken that would have chosen it. */
const hopOfSource: Kind = (wide, { family, host }, packet) => {
  if (family === 'ipv6') return null;
  const { near } = wire(wide, 'two', 'b', 4);
  const destination = address(family, 67, host);
  own(wide.b, 'lo', destination);
  const bound = wide.draft.random.pick([FAR, 4]);
  once(wide, 'hash-policy', () =>
    wide.r.sysctls.push('net/ipv4/fib_multipath_hash_policy = 1', 'net/ipv6/fib_multipath_hash_policy = 1'),
  );
  wide.r.ip.push(
    `route add ${destination}/${bits(family)} nexthop via ${address(family, FAR, 1)} dev to-b nexthop via ${address(family, 4, 1)} dev ${near}`,
  );
  return { ...packet, from: 'r', source: address(family, bound, ROUTER), destination };
};

/** Of two gateways one is known to be silent, and the sysctl says that this counts. */
const aliveHop: Kind = (wide, { family, host }, packet) => {
  if (family === 'ipv6') return null;
  const { near } = wire(wide, 'two', 'b', 4);
  once(wide, 'use-neigh', () => {
    wide.r.sysctls.push('net/ipv4/fib_multipath_use_neigh = 1');
    wide.r.late.push(`neigh replace ${address(family, 4, 77)} dev ${near} nud failed`);
  });
  const destination = address(family, 68, host);
  own(wide.b, 'lo', destination);
  wide.r.ip.push(
    `route add ${destination}/32 nexthop via ${address(family, 4, 77)} dev ${near} weight 3 nexthop via ${address(family, FAR, 1)} dev to-b`,
  );
  return { ...packet, destination };
};

/** To all hosts of a wire: no other route of the router's leads to a group. */
const toGroup: Kind = ({ draft: { random } }, { family }, packet) =>
  family === 'ipv4'
    ? null
    : {
        ...packet,
        from: 'r',
        source: null,
        device: random.pick(['to-a', 'to-b']),
        protocol: 'udp',
        destination: 'ff02::1',
        dport: PORTS_OPEN[0],
      };

export const ROUTE_KINDS: readonly Kind[] = [
  refusing('throw'),
  refusing('blackhole'),
  refusing('unreachable'),
  refusing('prohibit'),
  ofClass,
  withSource,
  withSource,
  fromPrefix,
  deadHop,
  linkDown,
  failedGateway,
  onLink,
  translatedTo(['fe80::99']),
  translatedTo(['::1', 'ff02::1']),
  toAll,
  toGroup,
  hopOfSource,
  hopOfSource,
  aliveHop,
  deadHop,
];
