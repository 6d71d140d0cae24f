/**
 * Routing of a packet that the host makes itself, and the source address that it gets: ip_route_output_key_hash_rcu and
 * __mkroute_output in net/ipv4/route.c, ip6_route_output_flags and ip6_dst_lookup_tail in net/ipv6.
 */
import {
  type IfIndex,
  type IpAddress,
  type Ipv4,
  type Link,
  type NextHop,
  type Route,
  SCOPE,
} from '@netverdict/linux-net';
import type { Evidence } from '@netverdict/verdict';
import type { Missing } from '../walk/choices.ts';
import type { Walk } from '../walk/walk.ts';
import { confOf } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { isLimitedBroadcast, isLoopback, isMulticast, isZero, needsDevice } from './addresses.ts';
import type { FlowKey } from './key.ts';
import { localRoute, lookup, type RouteResult } from './lookup.ts';
import { selectAddress4 } from './source4.ts';
import { selectAddress6 } from './source6.ts';

/** errno that the sending socket gets. */
export type RouteErrno = 'EACCES' | 'EADDRNOTAVAIL' | 'EHOSTUNREACH' | 'EINVAL' | 'ENETUNREACH' | 'ENODEV';

export type OutputRoute =
  | {
      readonly kind: 'route';
      /** null: none was found, or none is asked, and the destination is taken to be on the link of the device. */
      readonly route: Route | null;
      readonly nexthop: NextHop | null;
      readonly ruleRealms?: number | null;
      readonly out: Link;
      readonly local: boolean;
      /** RTCF_BROADCAST: it goes to everybody on the link. */
      readonly toEverybody?: true;
      /** The asked source, else the one that the host takes; null: it has none. */
      readonly source: IpAddress | null;
      readonly evidence: readonly Evidence[];
    }
  | { readonly kind: 'unknown'; readonly missing: Missing }
  | {
      readonly kind: 'refused';
      readonly errno: RouteErrno;
      /** What the lookup said, where it was the lookup. */
      readonly result: Extract<RouteResult, { kind: 'error' | 'none' }>;
    };

type Refusal = Extract<RouteResult, { kind: 'error' | 'none' }>;
const LOCALHOST = 0x7f000001 as Ipv4;
const NONE: Refusal = { kind: 'none', evidence: [] };
const refuse = (errno: RouteErrno, result: Refusal = NONE): OutputRoute => ({ kind: 'refused', errno, result });

/** fib_props, fib6_prop, and the actions of rules. */
export function errnoOf(result: Refusal): RouteErrno {
  if (result.kind === 'none') return 'ENETUNREACH';
  if (result.type === 'blackhole') return 'EINVAL';
  if (result.type === 'prohibit') return 'EACCES';
  return result.route === null ? 'ENETUNREACH' : 'EHOSTUNREACH';
}

/** `anySource`: the source need not be the host's own (FLOWI_FLAG_ANYSRC: rerouting, transparent sockets). */
export function routeOut(walk: Walk, ns: WorldNamespace, key: FlowKey, anySource: boolean): OutputRoute {
  return typeof key.destination === 'number' ? out4(walk, ns, key, anySource) : out6(walk, ns, key);
}

function out4(walk: Walk, ns: WorldNamespace, key: FlowKey, anySource: boolean): OutputRoute {
  const destination = key.destination as Ipv4;
  let source = key.source === 0 ? null : (key.source as Ipv4 | null);
  const toMany = isMulticast(destination) || isLimitedBroadcast(destination);
  let bound = key.oif === null ? null : (ns.net.linkByIndex.get(key.oif) ?? null);
  if (key.oif !== null && !bound) return refuse('ENODEV');
  if (source !== null) {
    if (isMulticast(source) || isLimitedBroadcast(source)) return refuse('EINVAL');
    const owner = ownerOf(ns, source);
    if (bound === null && toMany) {
      if (owner === null) return refuse('ENETUNREACH');
      return onLink(ns, owner, source, destination);
    }
    if (!anySource && !walk.sees('route/source-is-own', owner !== null)) return refuse('ENETUNREACH');
  }
  if (bound) {
    if (!bound.up) return refuse('ENETUNREACH');
    if (destination >>> 8 === 0xe00000 || isLimitedBroadcast(destination))
      return onLink(ns, bound, source ?? selectAddress4(ns, bound.ifindex, null, SCOPE.link), destination);
    if (source === null && isMulticast(destination)) source = selectAddress4(ns, bound.ifindex, null, SCOPE.global);
  }
  // Nobody's address is taken as the sender's own.
  if (destination === 0) {
    const loopback = loopbackOf(ns);
    if (!loopback) return refuse('ENETUNREACH');
    const own = bound && source === null ? selectAddress4(ns, bound.ifindex, null, SCOPE.host) : source;
    const from = own ?? LOCALHOST;
    return { kind: 'route', route: null, nexthop: null, out: loopback, local: true, source: from, evidence: [] };
  }
  const result = lookup(walk, ns, source === key.source ? key : { ...key, source });
  if (result.kind === 'unknown') return result;
  if (result.kind !== 'route') {
    // With a device the destination is taken to be on its link.
    if (bound === null || !walk.sees('route/on-link-of-device', true)) return refuse(errnoOf(result), result);
    return onLink(ns, bound, source ?? selectAddress4(ns, bound.ifindex, null, SCOPE.link), destination);
  }
  const { route, nexthop, evidence } = result;
  if (route.type === 'local') {
    const loopback = loopbackOf(ns);
    if (!loopback) return refuse('ENETUNREACH');
    return {
      ...result,
      out: loopback,
      local: true,
      source: source ?? route.prefsrc ?? destination,
      evidence,
    };
  }
  bound = nexthop?.dev == null ? null : (ns.net.linkByIndex.get(nexthop.dev) ?? null);
  if (!bound) return refuse('ENETUNREACH');
  source ??= sourceOf(walk, ns, route, nexthop);
  if (source !== null && isLoopback(source) && !bound.loopback && !routesLocalnet(ns, bound)) return refuse('EINVAL');
  if (isZero(destination)) return refuse('EINVAL');
  // What goes to everybody on the link goes through no gateway.
  if (isLimitedBroadcast(destination) || route.type === 'broadcast') {
    const local = bound.loopback;
    return { kind: 'route', route: null, nexthop: null, out: bound, local, toEverybody: true, source, evidence };
  }
  const { ruleRealms } = result;
  const local = bound.loopback;
  return ruleRealms === undefined
    ? { kind: 'route', route, nexthop, out: bound, local, source, evidence }
    : { kind: 'route', route, nexthop, ruleRealms, out: bound, local, source, evidence };
}

/** fib_result_prefsrc. The destination has no say: only a gateway picks among the device's prefixes. */
function sourceOf(walk: Walk, ns: WorldNamespace, route: Route, nexthop: NextHop | null): Ipv4 | null {
  if (typeof route.prefsrc === 'number' && walk.sees('route/src', true)) return route.prefsrc;
  const via = typeof nexthop?.via === 'number' ? nexthop.via : null;
  return nexthop?.dev == null ? null : selectAddress4(ns, nexthop.dev, via, route.scope);
}

function onLink(ns: WorldNamespace, out: Link, source: Ipv4 | null, destination: Ipv4): OutputRoute {
  if (source !== null && isLoopback(source) && !out.loopback && !routesLocalnet(ns, out)) return refuse('EINVAL');
  if (isZero(destination)) return refuse('EINVAL');
  const way = { kind: 'route', route: null, nexthop: null, out, local: out.loopback, source, evidence: [] } as const;
  return isLimitedBroadcast(destination) ? { ...way, toEverybody: true } : way;
}

const routesLocalnet = (ns: WorldNamespace, { name }: Link): boolean =>
  Boolean(confOf(ns, 'ipv4', 'all', 'route_localnet')) || Boolean(confOf(ns, 'ipv4', name, 'route_localnet'));

/** __ip_dev_find: who has the address; a route of type local in the table local does as well. */
export function ownerOf(ns: WorldNamespace, address: IpAddress): Link | null {
  const { addresses } = ns.net.state;
  const own = addresses.known ? addresses.value.find((a) => a.address === address) : undefined;
  if (own) return ns.net.linkByIndex.get(own.ifindex) ?? null;
  const dev = localRoute(ns, address)?.nexthops[0]?.dev;
  return dev == null ? null : (ns.net.linkByIndex.get(dev) ?? null);
}

export const loopbackOf = (ns: WorldNamespace): Link | null => ns.net.loopback;

function out6(walk: Walk, ns: WorldNamespace, key: FlowKey): OutputRoute {
  const destination = key.destination;
  const source = key.source === 0n ? null : key.source;
  if (key.oif !== null && !ns.net.linkByIndex.has(key.oif)) return refuse('ENODEV');
  const strictDevice = key.strictDevice === true || needsDevice(destination) || (key.oif !== null && source === null);
  const result = lookup(walk, ns, { ...key, source, strictDevice });
  if (result.kind === 'unknown') return result;
  if (result.kind !== 'route') {
    if (source !== null) return refuse(errnoOf(result), result);
    // A route may want a source (`from`): one is chosen without a device, and the lookup made again.
    const chosen = selectAddress6(ns, null, destination as never);
    if (chosen === null) return refuse('EADDRNOTAVAIL', result);
    return out6(walk, ns, { ...key, source: chosen, strictDevice });
  }
  const { route, nexthop, evidence } = result;
  const local = route.type === 'local' || route.type === 'anycast';
  const dev = nexthop?.dev ?? null;
  const out = local ? loopbackOf(ns) : dev === null ? null : (ns.net.linkByIndex.get(dev) ?? null);
  if (!out) return refuse('ENETUNREACH');
  const chosen = source ?? source6(walk, ns, route, dev, destination);
  if (chosen === null) return refuse('EADDRNOTAVAIL');
  return { kind: 'route', route, nexthop, out, local: local || out.loopback, source: chosen, evidence };
}

/** ip6_route_get_saddr. */
function source6(
  walk: Walk,
  ns: WorldNamespace,
  route: Route,
  dev: IfIndex | null,
  destination: IpAddress,
): IpAddress | null {
  if (route.prefsrc !== null && walk.sees('route/src', true)) return route.prefsrc;
  return selectAddress6(ns, dev, destination as never);
}
