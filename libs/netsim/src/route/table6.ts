/**
 * One IPv6 table (fib6_table_lookup, rt6_select, find_rr_leaf, rt6_score_route in net/ipv6/route.c). Unlike IPv4's, a lookup scores the
 * routes of a prefix: those through the asked device and of a preferred router count more, those through a gateway that is
 * known not to answer count only when nothing else is there (a forwarding host does not look).
 */
import { type IfIndex, type NextHop, prefixContains, type Route } from '@netverdict/linux-net';
import type { Walk } from '../walk/walk.ts';
import { confOf } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { isDead } from './dead.ts';
import type { FlowKey } from './key.ts';
import { pickHop } from './multipath.ts';
import type { PrefixIndex } from './prefix-index.ts';
import type { InTable } from './table4.ts';

/** One fib6_info: the kernel keeps each next hop of a multipath route as a route of its own, its siblings beside it. */
interface Entry {
  readonly route: Route;
  readonly hop: NextHop | null;
}

export function lookup6(walk: Walk, ns: WorldNamespace, index: PrefixIndex, key: FlowKey): InTable {
  const passes = confOf(ns, 'ipv6', 'all', 'forwarding') ? [false] : [true, false];
  for (const reachable of passes)
    for (const node of nodes(walk, index, key)) {
      const entry = select(walk, ns, node, key, reachable);
      if (!entry) continue;
      const { route } = entry;
      if (route.type === 'throw') return walk.sees('route/throw', true) ? null : found(walk, ns, entry, key, reachable);
      if (!walk.sees(`route/${route.type}`, true)) continue;
      return found(walk, ns, entry, key, reachable);
    }
  return null;
}

function found(walk: Walk, ns: WorldNamespace, { route, hop }: Entry, key: FlowKey, reachable: boolean): InTable {
  const rejects = route.type === 'blackhole' || route.type === 'unreachable' || route.type === 'prohibit';
  if (rejects || hop === null) return { route, nexthop: null };
  const alive = route.nexthops.filter((h) => !isDead(ns, 'ipv6', h) && (!h.linkdown || countsDown(ns, h)));
  const picked = route.nexthops.length > 1 ? pickHop(walk, ns, route, alive.length > 0 ? alive : [hop], key) : hop;
  // A sibling that may not be used leaves the choice with the one that was found (fib6_select_path).
  const usable = picked && score(walk, ns, { route, hop: picked }, key, reachable) !== null ? picked : hop;
  if (usable.encap !== null) return { unknown: `encap ${usable.encap}`, route };
  return { route, nexthop: usable };
}

/** The routes of each prefix that holds the destination, longest first: those for the source's longest prefix, then shorter ones, then those for any. */
function* nodes(walk: Walk, index: PrefixIndex, key: FlowKey): Iterable<readonly Route[]> {
  for (const routes of index.nodes(key.destination)) {
    const lengths = new Set(routes.map((route) => route.source?.length ?? 0));
    for (const length of [...lengths].sort((a, b) => b - a)) {
      const group = routes.filter((route) => (route.source?.length ?? 0) === length && ofSource(walk, route, key));
      if (group.length > 0) yield group;
    }
  }
}

function ofSource(walk: Walk, { source }: Route, key: FlowKey): boolean {
  if (source === null || source.length === 0) return true;
  return walk.sees('route/from', key.source !== null && prefixContains(source, key.source));
}

/** The best of the lowest metric; where none of it can be used, the best of all others, whichever metric they have (find_rr_leaf). */
function select(
  walk: Walk,
  ns: WorldNamespace,
  routes: readonly Route[],
  key: FlowKey,
  reachable: boolean,
): Entry | null {
  const lowest = routes[0]?.metric;
  return (
    best(
      walk,
      ns,
      routes.filter((r) => r.metric === lowest),
      key,
      reachable,
    ) ??
    best(
      walk,
      ns,
      routes.filter((r) => r.metric !== lowest),
      key,
      reachable,
    )
  );
}

function best(
  walk: Walk,
  ns: WorldNamespace,
  routes: readonly Route[],
  key: FlowKey,
  reachable: boolean,
): Entry | null {
  let most = -1;
  let chosen: Entry | null = null;
  for (const route of routes)
    for (const hop of route.nexthops.length === 0 ? [null] : route.nexthops) {
      const points = score(walk, ns, { route, hop }, key, reachable);
      if (points === null || points <= most) continue;
      most = points;
      chosen = { route, hop };
    }
  return chosen;
}

/** null: may not be used. */
function score(walk: Walk, ns: WorldNamespace, { route, hop }: Entry, key: FlowKey, reachable: boolean): number | null {
  if (hop && isDead(ns, 'ipv6', hop)) return walk.sees('route/dead', false) ? 0 : null;
  if (hop?.linkdown && !walk.sees('sysctl/ignore_routes_with_linkdown', countsDown(ns, hop))) return null;
  // What refuses is a route through the loopback device.
  const dev = hop === null ? loopback(ns) : hop.dev;
  const onDevice = key.oif === null || dev === key.oif;
  if (!onDevice && key.strictDevice === true) return null;
  const failed = reachable && hop !== null && hop.via !== null && gatewayFailed(ns, hop);
  if (failed && !walk.sees('route/gateway-not-failed', false)) return null;
  return (onDevice ? 2 : 0) + 4 * PREFERENCE[route.preference ?? 'medium'];
}
/** IPV6_DECODE_PREF: low counts least. */
const PREFERENCE = { low: 0, medium: 1, high: 2 } as const;

const loopback = (ns: WorldNamespace): IfIndex | null => ns.net.loopback?.ifindex ?? null;

function countsDown(ns: WorldNamespace, hop: NextHop): boolean {
  const name = hop.dev === null ? '' : (ns.net.linkByIndex.get(hop.dev)?.name ?? '');
  return !confOf(ns, 'ipv6', name, 'ignore_routes_with_linkdown');
}

function gatewayFailed(ns: WorldNamespace, hop: NextHop): boolean {
  const { neighbours } = ns.net.state;
  if (!neighbours.known) return false;
  return neighbours.value.some((n) => n.dev === hop.dev && n.address === hop.via && n.state === 'failed' && !n.proxy);
}
