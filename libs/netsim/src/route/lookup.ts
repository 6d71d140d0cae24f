/** fib_lookup: policy rules, then the tables they name, then the next hop (net/ipv4/fib_{rules,trie}.c). */
import {
  assertNever,
  type Family,
  familyOf,
  formatIp,
  type IfIndex,
  type IpAddress,
  type NextHop,
  type Route,
  type Rule,
  SCOPE,
} from '@netverdict/linux-net';
import type { Evidence } from '@netverdict/verdict';
import { cite } from '../trace/evidence.ts';
import type { Missing } from '../walk/choices.ts';
import type { Walk } from '../walk/walk.ts';
import { missingSection, sysctl } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { asksUnknown, inOrder, ruleMatches } from './rules.ts';

export interface FlowKey {
  readonly source: IpAddress | null;
  readonly destination: IpAddress;
  readonly mark: number;
  readonly tos: number;
  readonly protocol: number;
  readonly sport: number | null;
  readonly dport: number | null;
  /** `lo` for locally made packets. */
  readonly iifName: string;
  readonly oif: IfIndex | null;
  readonly oifName: string | null;
}

export type RouteResult =
  | {
      readonly kind: 'route';
      readonly route: Route;
      readonly nexthop: NextHop | null;
      readonly evidence: readonly Evidence[];
    }
  /** blackhole, unreachable, prohibit: by a route or by a rule. */
  | {
      readonly kind: 'error';
      readonly type: string;
      readonly route: Route | null;
      readonly evidence: readonly Evidence[];
    }
  | { readonly kind: 'none'; readonly evidence: readonly Evidence[] }
  | { readonly kind: 'unknown'; readonly missing: Missing };

const MAX_RULES = 4096;

export function lookup(walk: Walk, ns: WorldNamespace, key: FlowKey): RouteResult {
  const family = familyOf(key.destination);
  const state = ns.net.state;
  const rulesPart = family === 'ipv4' ? state.rules4 : state.rules6;
  const tables = ns.net.routes[family];
  if (!tables.known)
    return { kind: 'unknown', missing: missingSection(ns, tables, family === 'ipv4' ? 'ip-route' : 'ip-route6') };
  if (!rulesPart.known)
    return { kind: 'unknown', missing: missingSection(ns, rulesPart, family === 'ipv4' ? 'ip-rule' : 'ip-rule6') };
  const rules = inOrder(rulesPart);
  let index = 0;
  for (let met = 0; index < rules.length && met < MAX_RULES; met++) {
    const rule = rules[index++] as Rule;
    if (!ruleMatches(rule, key)) continue;
    const evidence = [cite(rulesPart, family === 'ipv4' ? 'ip-rule' : 'ip-rule6', rule.evidence)];
    if (asksUnknown(rule)) {
      const missing: Missing = {
        kind: 'other',
        place: ns.key,
        node: ns.node,
        text: `policy rule ${rule.priority} asks for what is not modelled`,
        zh: `策略路由规则 ${rule.priority} 使用了尚未支持的条件`,
        evidence,
      };
      if (!walk.choices.unknown(`policy rule ${rule.priority} applies`, missing, `${ns.key} rule ${rule.priority}`))
        continue;
    }
    const { action } = rule;
    switch (action.kind) {
      case 'nop':
        continue;
      case 'goto': {
        const target = rules.findIndex((r) => r.priority >= action.priority);
        if (target >= index) index = target;
        continue;
      }
      case 'blackhole':
      case 'unreachable':
      case 'prohibit':
        return { kind: 'error', type: action.kind, route: null, evidence };
      case 'lookup': {
        const found = inTable(walk, ns, family, action.table, key, rule);
        if (found === null) continue;
        return found;
      }
      default:
        assertNever(action);
    }
  }
  return { kind: 'none', evidence: [] };
}

/** null: the table has nothing, or a `throw` route; the next rule is asked. */
function inTable(
  walk: Walk,
  ns: WorldNamespace,
  family: Family,
  table: number,
  key: FlowKey,
  rule: Rule,
): RouteResult | null {
  const tables = ns.net.routes[family];
  const index = tables.known ? tables.value.get(table) : undefined;
  if (!index) return null;
  for (const route of index.matching(key.destination)) {
    if (route.tos !== 0 && route.tos !== key.tos) continue;
    const evidence = [cite(tables, family === 'ipv4' ? 'ip-route' : 'ip-route6', route.evidence)];
    switch (route.type) {
      case 'throw':
        return null;
      case 'blackhole':
      case 'unreachable':
      case 'prohibit':
        return { kind: 'error', type: route.type, route, evidence };
      case 'unicast':
      case 'local':
      case 'broadcast':
      case 'anycast':
      case 'multicast':
      case 'nat':
        break;
      default:
        assertNever(route.type);
    }
    if (rule.suppressPrefixLength !== null && route.destination.length <= rule.suppressPrefixLength) return null;
    const nexthop = chooseNexthop(walk, ns, route, key.oif);
    if (nexthop === undefined) continue;
    return { kind: 'route', route, nexthop, evidence };
  }
  return null;
}

/** undefined: no next hop of the route can be used, so that a shorter prefix is tried. */
function chooseNexthop(walk: Walk, ns: WorldNamespace, route: Route, oif: IfIndex | null): NextHop | null | undefined {
  if (route.nexthops.length === 0) return null;
  const usable = usableNexthops(ns, route, oif);
  const total = usable.reduce((sum, hop) => sum + hop.weight, 0);
  // By default the addresses alone are hashed: all connections between two hosts take one hop, and which cannot be told.
  const policy = typeof route.destination.address === 'number' ? 'net/ipv4' : 'net/ipv6';
  const spread = sysctl(ns, `${policy}/fib_multipath_hash_policy`) === 1;
  const options = usable.map((hop) => ({
    label: `next hop ${hop.via === null ? '' : formatIp(hop.via)} ${hop.dev === null ? '' : (ns.net.linkByIndex.get(hop.dev)?.name ?? '')}`,
    share: spread ? (total > 0 ? hop.weight / total : 1 / usable.length) : null,
  }));
  // The kernel hashes the flow: one flow takes one hop, whichever time it asks.
  const taken = walk.choices.choose(
    'nexthop',
    options,
    spread ? null : manyHops(ns, route),
    `${walk.direction} ${ns.key} ${route.table} ${route.evidence.line} ${oif}`,
  );
  return usable[taken];
}

const manyHops = (ns: WorldNamespace, { destination, evidence }: Route): Missing => {
  const to = `${formatIp(destination.address)}/${destination.length}`;
  return {
    kind: 'other',
    place: ns.key,
    node: ns.node,
    text: `which of several next hops the route to ${to} takes depends on a hash of the addresses`,
    zh: `到 ${to} 的路由有多个下一跳,走哪一个取决于地址的哈希`,
    evidence: [{ ...evidence, section: null, kind: 'ip-route' }],
  };
};

export function usableNexthops(ns: WorldNamespace, route: Route, oif: IfIndex | null): readonly NextHop[] {
  return route.nexthops.filter((hop) => {
    if (hop.dead) return false;
    if (oif !== null && hop.dev !== oif) return false;
    if (!hop.linkdown) return true;
    const name = hop.dev === null ? '' : (ns.net.linkByIndex.get(hop.dev)?.name ?? '');
    return !(
      sysctl(ns, 'net/ipv4/conf/all/ignore_routes_with_linkdown') ||
      sysctl(ns, `net/ipv4/conf/${name}/ignore_routes_with_linkdown`)
    );
  });
}

/**
 * Source address of a locally made packet that has none (inet_select_addr, fib_result_prefsrc): the route's `src`,
 * else the first address of the device in whose prefix the gateway lies, else its first, else one of another device.
 */
export function selectAddress(
  ns: WorldNamespace,
  dev: IfIndex,
  towards: IpAddress | null,
  family: Family,
  /** The widest scope that the address may have: what is sent through a gateway or translated needs a global one. */
  widest: number = SCOPE.link,
): IpAddress | null {
  const usable = (ifindex: IfIndex) =>
    ns.net
      .addressesOn(ifindex)
      .filter(
        (a) => familyOf(a.address) === family && !a.secondary && a.scope <= widest && !a.tentative && !a.deprecated,
      );
  const own = usable(dev);
  const near = towards === null ? undefined : own.find((a) => sameSubnet(a.address, towards, a.prefixLength));
  if (near) return near.address;
  const first = own[0];
  if (first) return first.address;
  for (const link of ns.net.linkByIndex.values()) {
    if (link.ifindex === dev) continue;
    const other = usable(link.ifindex).find((a) => a.scope < SCOPE.link);
    if (other) return other.address;
  }
  return null;
}

function sameSubnet(a: IpAddress, b: IpAddress, length: number): boolean {
  if (typeof a === 'number' && typeof b === 'number')
    return length === 0 || ((a ^ b) >>> (32 - length) === 0 && length > 0);
  if (typeof a === 'bigint' && typeof b === 'bigint') return (a ^ b) >> BigInt(128 - length) === 0n;
  return false;
}

/** RTN_* of an address by the local table alone, as `-m addrtype` and source checks ask (inet_addr_type). */
export function addressType(
  ns: WorldNamespace,
  address: IpAddress,
  dev: IfIndex | null = null,
): Route['type'] | 'unknown' {
  if (isMulticast(address)) return 'multicast';
  if (address === 0xffffffff || address === 0) return 'broadcast';
  const tables = ns.net.routes[familyOf(address)];
  if (!tables.known) return 'unknown';
  const local = tables.value.get(255);
  if (!local) return 'unicast';
  for (const route of local.matching(address)) {
    if (dev !== null && !route.nexthops.some((hop) => hop.dev === dev)) return 'unicast';
    return route.type;
  }
  return 'unicast';
}

export const isMulticast = (address: IpAddress): boolean =>
  typeof address === 'number' ? address >>> 28 === 14 : address >> 120n === 0xffn;
export const isLoopback = (address: IpAddress): boolean =>
  typeof address === 'number' ? address >>> 24 === 127 : address === 1n;
