/** Routing of a packet that came in: ip_route_input_slow in net/ipv4/route.c, ip6_route_input in net/ipv6/route.c. */
import { formatIp, type Link, type NextHop, type Route } from '@netverdict/linux-net';
import type { Evidence } from '@netverdict/verdict';
import type { Packet } from '../packet/packet.ts';
import type { Missing } from '../walk/choices.ts';
import type { Walk } from '../walk/walk.ts';
import { confOf, maxConf, missingSection, missingSysctl, sysctl, sysctlOn, unreadSysctls } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { isLimitedBroadcast, isLoopback, isMulticast, isZero, needsDevice } from './addresses.ts';
import { inputKey } from './key.ts';
import { lookup, type RouteResult } from './lookup.ts';
import { refusesOverLoopback } from './over-loopback.ts';
import { realmsOfInput } from './realms.ts';
import { refusedSource, type SourceRefusal } from './validate-source.ts';

export type Martian =
  | 'bad-source'
  | 'bad-destination'
  | 'loopback-source'
  | 'loopback-destination'
  | 'link-local-source'
  | 'source-is-own'
  | 'not-unicast'
  /** Of neighbour discovery: it is not 255. */
  | 'hop-limit';

export type InputDecision =
  | { readonly kind: 'local'; readonly as: 'unicast' | 'broadcast'; readonly evidence: readonly Evidence[] }
  | {
      readonly kind: 'forward';
      readonly route: Route;
      readonly nexthop: NextHop;
      readonly out: Link;
      readonly realms: number | null;
      readonly evidence: readonly Evidence[];
    }
  | {
      readonly kind: 'martian';
      readonly why: Martian;
      readonly sysctl: string | null;
      readonly evidence: readonly Evidence[];
    }
  | { readonly kind: 'source'; readonly refusal: SourceRefusal }
  | { readonly kind: 'forwarding-off' }
  | { readonly kind: 'no-way'; readonly result: Extract<RouteResult, { kind: 'error' | 'none' }> }
  | { readonly kind: 'unknown'; readonly missing: Missing }
  | { readonly kind: 'lost'; readonly missing: Missing };

export interface Asked {
  /** IPv6: which route it has, whether or not it may take it (ip6_route_input without ip6_forward). */
  readonly routeOnly?: boolean;
  /** Over loopback it had its sender's route until NAT changed its destination (skb_dst_drop in nf_nat_ipv4_pre_routing, nf_nat_ipv6_in). */
  readonly anew?: boolean;
}

export function decideInput(
  walk: Walk,
  ns: WorldNamespace,
  iif: Link,
  packet: Packet,
  { routeOnly = false, anew = false }: Asked = {},
): InputDecision {
  return packet.family === 'ipv4'
    ? decide4(walk, ns, iif, packet, iif.loopback && !anew)
    : decide6(walk, ns, iif, packet, routeOnly, iif.loopback && !anew);
}

function decide4(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet, hasRoute: boolean): InputDecision {
  const { source, destination } = packet;
  if (!hasRoute) {
    const bad = martianAddress(walk, ns, iif, packet);
    if (bad) return bad;
  }
  const broadcast = (evidence: readonly Evidence[]): InputDecision => {
    if (!isZero(source) && !hasRoute) {
      const refusal = refusedSource(walk, ns, iif, { ...packet, destination: 0 as Packet['destination'] }, null);
      if (refusal) return { kind: 'source', refusal };
    }
    return { kind: 'local', as: 'broadcast', evidence };
  };
  if (isMulticast(destination)) return { kind: 'unknown', missing: membership(ns, iif, packet) };
  if (isLimitedBroadcast(destination)) return broadcast([]);
  const result = lookup(walk, ns, inputKey(ns, packet, iif, null));
  if (result.kind === 'unknown') return result;
  if (result.kind === 'route') {
    const { route, evidence } = result;
    if (route.type === 'local') {
      const refusal = hasRoute ? null : refusedSource(walk, ns, iif, packet, null);
      return refusal ? { kind: 'source', refusal } : { kind: 'local', as: 'unicast', evidence };
    }
    if (route.type === 'broadcast' && !walk.sees('sysctl/bc_forwarding', forwardsBroadcasts(ns, iif)))
      return broadcast(evidence);
  }
  // A broadcast that is passed on passes without ip_forward.
  const off =
    result.kind === 'route' && result.route.type === 'broadcast' ? null : forwardingOff(walk, ns, iif, packet);
  if (off) return off;
  if (result.kind !== 'route') return { kind: 'no-way', result };
  const { route, nexthop, evidence } = result;
  const out = nexthop?.dev == null ? undefined : ns.net.linkByIndex.get(nexthop.dev);
  if ((route.type !== 'unicast' && route.type !== 'broadcast') || !nexthop || !out)
    return { kind: 'martian', why: 'not-unicast', sysctl: null, evidence };
  const refusal = refusedSource(walk, ns, iif, packet, out);
  if (refusal) return { kind: 'source', refusal };
  const realms = realmsOfInput(walk, ns, iif, packet, { ...result, out });
  return { kind: 'forward', route, nexthop, out, realms, evidence };
}

/** IPv6 looks at the addresses before PREROUTING already (receive.ts), and never at the way back. */
function decide6(
  walk: Walk,
  ns: WorldNamespace,
  iif: Link,
  packet: Packet,
  routeOnly: boolean,
  hasRoute: boolean,
): InputDecision {
  const result = lookup(walk, ns, {
    ...inputKey(ns, packet, iif, iif),
    oifName: null,
    // Over loopback it still has the route that was found by its own device.
    strictDevice: !hasRoute && needsDevice(packet.destination),
  });
  if (result.kind === 'unknown') return result;
  if (result.kind !== 'route') return { kind: 'no-way', result };
  const { route, nexthop, evidence } = result;
  if (route.type === 'local' || route.type === 'anycast') return { kind: 'local', as: 'unicast', evidence };
  if (isMulticast(packet.destination)) return { kind: 'unknown', missing: membership(ns, iif, packet) };
  const off = routeOnly ? null : forwardingOff(walk, ns, iif, packet);
  if (off) return off;
  const out = nexthop?.dev == null ? undefined : ns.net.linkByIndex.get(nexthop.dev);
  if (route.type !== 'unicast' || !nexthop || !out)
    return { kind: 'martian', why: 'not-unicast', sysctl: null, evidence };
  if (refusesOverLoopback(route, out, packet))
    return { kind: 'no-way', result: { kind: 'error', type: 'unreachable', route, evidence } };
  return { kind: 'forward', route, nexthop, out, realms: 0, evidence };
}

function martianAddress(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet): InputDecision | null {
  const { source, destination } = packet;
  const martian = (why: Martian, path: string | null = null): InputDecision => ({
    kind: 'martian',
    why,
    sysctl: path,
    evidence: [],
  });
  if (isMulticast(source) || isLimitedBroadcast(source)) return martian('bad-source');
  if (isMulticast(destination) || isLimitedBroadcast(destination)) return null;
  if (isZero(source)) return martian('bad-source');
  if (isZero(destination)) return martian('bad-destination');
  const why = isLoopback(destination) ? 'loopback-destination' : isLoopback(source) ? 'loopback-source' : null;
  if (why === null) return null;
  const path = `net/ipv4/conf/${iif.name}/route_localnet`;
  const allowed = maxConf(ns, iif, 'route_localnet');
  if (allowed === undefined) {
    const missing = missingSection(ns, ns.net.state.sysctls, 'sysctl');
    return walk.ask(ns, `${path} is on`, missing, `${ns.key} ${path}`) ? null : { kind: 'lost', missing };
  }
  return walk.sees('sysctl/route_localnet', allowed > 0) ? null : martian(why, path);
}

/** IN_DEV_BFORWARD: both have to say so. */
const forwardsBroadcasts = (ns: WorldNamespace, iif: Link): boolean =>
  Boolean(confOf(ns, 'ipv4', 'all', 'bc_forwarding')) && Boolean(confOf(ns, 'ipv4', iif.name, 'bc_forwarding'));

function forwardingOff(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet): InputDecision | null {
  const on = walk.sees(
    packet.family === 'ipv4' ? 'sysctl/ip_forward' : 'sysctl/forwarding6',
    forwards(walk, ns, iif, packet),
  );
  if (on) return null;
  const unread = unreadSysctls(ns);
  if (unread) return { kind: 'lost', missing: missingSection(ns, unread.part, unread.kind) };
  const lacking = lackingSwitch(ns, iif, packet);
  return lacking === null ? { kind: 'forwarding-off' } : { kind: 'lost', missing: missingSysctl(ns, lacking) };
}

/**
 * IPv4: the device's own switch decides; writing ip_forward sets all of them (IN_DEV_FORWARD). IPv6: that of all devices, or
 * since Linux 6.17 the device's force_forwarding (ip6_forward).
 */
function forwards(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet): boolean {
  const lacking = lackingSwitch(ns, iif, packet);
  if (lacking !== null) return walk.ask(ns, `${lacking} is on`, missingSysctl(ns, lacking), `${ns.key} ${lacking}`);
  if (packet.family === 'ipv6') {
    if (confOf(ns, 'ipv6', iif.name, 'force_forwarding')) return true;
    return sysctlOn(walk, ns, 'net/ipv6/conf/all/forwarding', false);
  }
  const own = confOf(ns, 'ipv4', iif.name, 'forwarding');
  if (typeof own === 'number') return own !== 0;
  return sysctlOn(walk, ns, 'net/ipv4/ip_forward', false);
}

/** The switch that decides, where the section was read and has neither it nor the one that sets it: every kernel has both. */
function lackingSwitch(ns: WorldNamespace, iif: Link, { family }: Packet): string | null {
  if (family === 'ipv6') {
    const path = 'net/ipv6/conf/all/forwarding';
    return confOf(ns, 'ipv6', iif.name, 'force_forwarding') || sysctl(ns, path) !== null ? null : path;
  }
  const own = confOf(ns, 'ipv4', iif.name, 'forwarding');
  return own === null && sysctl(ns, 'net/ipv4/ip_forward') === null ? `net/ipv4/conf/${iif.name}/forwarding` : null;
}

export function forwardingSysctl(ns: WorldNamespace, iif: Link, packet: Packet): string {
  if (packet.family === 'ipv6') return 'net/ipv6/conf/all/forwarding';
  if (sysctl(ns, 'net/ipv4/ip_forward') === 0) return 'net/ipv4/ip_forward';
  return `net/ipv4/conf/${iif.name}/forwarding`;
}

const membership = (ns: WorldNamespace, iif: Link, { destination }: Packet): Missing => ({
  kind: 'other',
  place: ns.key,
  node: ns.node,
  text: `whether somebody on ${ns.key} has joined ${formatIp(destination)} on ${iif.name} is not read`,
  zh: `未读取 ${ns.key} 的 ${iif.name} 上是否有进程加入组播 ${formatIp(destination)}`,
  evidence: [],
});
