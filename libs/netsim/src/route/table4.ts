/** One IPv4 table, or several asked as one (fib_table_lookup in net/ipv4/fib_trie.c, fib_select_path). */
import { type IpAddress, type NextHop, type Route, SCOPE } from '@netverdict/linux-net';
import type { Walk } from '../walk/walk.ts';
import { confOf, sysctl } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { isDead } from './dead.ts';
import type { FlowKey } from './key.ts';
import { pickHop } from './multipath.ts';
import type { PrefixIndex } from './prefix-index.ts';
import { IPTOS_RT } from './rules.ts';
import { selectAddress4 } from './source4.ts';

export interface Found {
  readonly route: Route;
  readonly nexthop: NextHop | null;
}
/** null: nothing here, or `throw`; the next rule is asked. */
export type InTable = Found | null | { readonly unknown: string; readonly route: Route };

export function lookup4(walk: Walk, ns: WorldNamespace, index: PrefixIndex, key: FlowKey): InTable {
  for (const route of index.matching(key.destination)) {
    if (route.tos !== 0 && !walk.sees('route/tos', route.tos === (key.tos & IPTOS_RT))) continue;
    if (route.type === 'throw') {
      if (walk.sees('route/throw', true)) return null;
      continue;
    }
    if (route.type === 'blackhole' || route.type === 'unreachable' || route.type === 'prohibit') {
      if (walk.sees(`route/${route.type}`, true)) return { route, nexthop: null };
      continue;
    }
    const good = goodHops(walk, ns, route, key);
    if (good.length === 0) continue;
    if (walk.lens !== null && !walk.sees(`route/${route.type}`, true)) continue;
    const hops = chosenAmong(walk, ns, route, key, good);
    for (const { encap } of hops) if (encap != null) return { unknown: `encap ${encap}`, route };
    const chooses = key.iifName === 'lo' && key.oif === null && key.bare !== true && route.nexthops.length === 1;
    if (chooses && route.destination.length === 0 && index.remembers(route, severalDefaults))
      return { unknown: 'several default routes of one metric, of which a reachable gateway is taken', route };
    return {
      route,
      nexthop: pickHop(walk, ns, route, hops, key, route.nhid === null ? good : hops) ?? null,
    };
  }
  return null;
}

function goodHops(walk: Walk, ns: WorldNamespace, { nexthops }: Route, key: FlowKey): readonly NextHop[] {
  const [only] = nexthops;
  if (only !== undefined && nexthops.length === 1) return isGood(walk, ns, only, key) ? nexthops : NO_HOPS;
  return nexthops.filter((hop) => isGood(walk, ns, hop, key));
}

const NO_HOPS: readonly NextHop[] = [];

/** fib_lookup_good_nhc. The sysctl is the device's own: `all` has no say. */
function isGood(walk: Walk, ns: WorldNamespace, hop: NextHop, key: FlowKey): boolean {
  if (isDead(ns, 'ipv4', hop)) return walk.sees('route/dead', false);
  if (hop.linkdown && !key.ignoreLinkState && !walk.sees('sysctl/ignore_routes_with_linkdown', countsDown(ns, hop)))
    return false;
  return key.oif === null || hop.dev === key.oif;
}

function countsDown(ns: WorldNamespace, hop: NextHop): boolean {
  const name = hop.dev === null ? '' : (ns.net.linkByIndex.get(hop.dev)?.name ?? '');
  return !confOf(ns, 'ipv4', name, 'ignore_routes_with_linkdown');
}

/** The hops that a hash decides between; one when nothing is left to decide. */
function chosenAmong(
  walk: Walk,
  ns: WorldNamespace,
  route: Route,
  key: FlowKey,
  good: readonly NextHop[],
): readonly NextHop[] {
  // A bound device ends the choice: the first that fits (fib_select_path).
  if (key.bare === true || route.nexthops.length < 2 || key.oif !== null || route.type !== 'unicast')
    return good.length === 1 ? good : good.slice(0, 1);
  let hops = good;
  if (sysctl(ns, 'net/ipv4/fib_multipath_use_neigh')) {
    const alive = good.filter((hop) => walk.sees('sysctl/fib_multipath_use_neigh', neighbourGood(ns, hop)));
    hops = alive.length > 0 ? alive : good.slice(0, 1);
  }
  // A locally made packet that has a source prefers the hops that would have chosen that source. An object's are not asked.
  if (route.nhid !== null || key.iifName !== 'lo' || key.source === null || key.source === 0) return hops;
  const same = hops.filter((hop) => hopSource(ns, route, hop) === key.source);
  return walk.sees('route/nexthop-of-source', same.length > 0) && same.length > 0 ? same : hops;
}

const hopSource = (ns: WorldNamespace, route: Route, hop: NextHop): IpAddress | null =>
  hop.dev === null ? null : selectAddress4(ns, hop.dev, typeof hop.via === 'number' ? hop.via : null, route.scope);

/** fib_good_nh: an entry that is valid, or none yet (NUD_REACHABLE is taken when there is no entry). */
function neighbourGood(ns: WorldNamespace, hop: NextHop): boolean {
  const { neighbours } = ns.net.state;
  if (hop.via === null || !neighbours.known) return true;
  const entry = neighbours.value.find((n) => n.dev === hop.dev && n.address === hop.via && !n.proxy);
  return entry === undefined || !['failed', 'incomplete', 'none'].includes(entry.state);
}

/** fib_select_default. */
function severalDefaults(route: Route, index: PrefixIndex): boolean {
  if (route.type !== 'unicast' || route.nexthops[0]?.via == null || route.scope !== SCOPE.global) return false;
  let same = 0;
  for (const other of index.matching(0 as IpAddress))
    if (
      other.destination.length === 0 &&
      other.tos === route.tos &&
      other.metric === route.metric &&
      other.type === 'unicast' &&
      other.nexthops[0]?.via != null
    )
      same++;
  return same > 1;
}
