/** fib_lookup: policy rules, then the tables they name, then the next hop (net/core/fib_rules.c, net/ipv{4,6}/fib*_rules.c). */
import {
  assertNever,
  type Family,
  familyOf,
  type IfIndex,
  type IpAddress,
  type Known,
  type NextHop,
  type Route,
  type Rule,
  SCOPE,
} from '@netverdict/linux-net';
import type { Evidence } from '@netverdict/verdict';
import { cite } from '../trace/evidence.ts';
import type { Missing } from '../walk/choices.ts';
import type { Walk } from '../walk/walk.ts';
import type { CompiledNetns, RouteTables } from '../world/compiled.ts';
import { missingSection } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { isMulticast } from './addresses.ts';
import type { FlowKey } from './key.ts';
import { PrefixIndex } from './prefix-index.ts';
import { areDefault, inOrder, ruleMatches, seenByRules, unknownSelector } from './rules.ts';
import { selectAddress4 } from './source4.ts';
import { selectAddress6 } from './source6.ts';
import { type InTable, lookup4 } from './table4.ts';
import { lookup6 } from './table6.ts';

export { isLoopback, isMulticast } from './addresses.ts';
export type { FlowKey } from './key.ts';

export type RouteResult =
  | {
      readonly kind: 'route';
      readonly route: Route;
      readonly nexthop: NextHop | null;
      /** Of the policy rule that named the table. */
      readonly ruleRealms?: number | null;
      readonly evidence: readonly Evidence[];
    }
  /** blackhole, unreachable, prohibit: by a route, or by a rule (`route` null). */
  | {
      readonly kind: 'error';
      readonly type: RefusingType;
      readonly route: Route | null;
      readonly evidence: readonly Evidence[];
    }
  | { readonly kind: 'none'; readonly evidence: readonly Evidence[] }
  | { readonly kind: 'unknown'; readonly missing: Missing };

export type RefusingType = 'blackhole' | 'unreachable' | 'prohibit';

const ROUTE_SECTION = { ipv4: 'ip-route', ipv6: 'ip-route6' } as const;
const RULE_SECTION = { ipv4: 'ip-rule', ipv6: 'ip-rule6' } as const;

export function lookup(walk: Walk, ns: WorldNamespace, key: FlowKey): RouteResult {
  const family = familyOf(key.destination);
  const rulesPart = ns.net.state[family === 'ipv4' ? 'rules4' : 'rules6'];
  const tables = ns.net.routes[family];
  if (!tables.known) return { kind: 'unknown', missing: missingSection(ns, tables, ROUTE_SECTION[family]) };
  if (!rulesPart.known) return { kind: 'unknown', missing: missingSection(ns, rulesPart, RULE_SECTION[family]) };
  const rules = inOrder(rulesPart);
  if (family === 'ipv4' && areDefault(rules)) return withoutRules(walk, ns, tables, key);
  const uid = senderOf(walk, key);
  const seen = seenByRules(rules, key);
  const { hasVrf } = ns.net;
  for (let index = 0; index < rules.length; index++) {
    let rule = rules[index] as Rule;
    for (;;) {
      const evidence = walk.telling ? [cite(rulesPart, RULE_SECTION[family], rule.evidence)] : NO_EVIDENCE;
      const strange = unknownSelector(rule, uid, hasVrf);
      const asked = rule;
      const rest = (): boolean =>
        strange === null || walk.choices.unknown(...ruleQuestion(ns, asked, strange, evidence));
      if (!ruleMatches(rule, seen, uid, walk, rest)) break;
      const { action } = rule;
      if (action.kind === 'goto') {
        // Only a rule of that very priority is a target; without one the rule does nothing.
        const target = rules.findIndex((r) => r.priority === action.priority);
        if (target <= index || !walk.sees('route-rule/goto', true)) break;
        index = target;
        rule = rules[index] as Rule;
        continue;
      }
      const result = act(walk, ns, tables, key, rule, evidence);
      if (result) return result;
      break;
    }
  }
  return { kind: 'none', evidence: [] };
}

/** null: the next rule is asked. */
function act(
  walk: Walk,
  ns: WorldNamespace,
  tables: Known<RouteTables>,
  key: FlowKey,
  rule: Rule,
  evidence: readonly Evidence[],
): RouteResult | null {
  const { action } = rule;
  switch (action.kind) {
    case 'goto':
    case 'nop':
      return null;
    case 'blackhole':
    case 'unreachable':
    case 'prohibit':
      return walk.sees(`route-rule/${action.kind}`, true)
        ? { kind: 'error', type: action.kind, route: null, evidence }
        : null;
    case 'lookup': {
      const index = tables.known ? tables.value.get(action.table) : undefined;
      if (!index || !walk.sees('route-rule/lookup', true)) return null;
      const found = asked(walk, ns, tables, index, key);
      if (found === null || suppressed(walk, ns, rule, found)) return null;
      return found.kind === 'route' && rule.realms !== undefined ? { ...found, ruleRealms: rule.realms } : found;
    }
    default:
      return assertNever(action);
  }
}

function asked(
  walk: Walk,
  ns: WorldNamespace,
  tables: Known<RouteTables>,
  index: PrefixIndex,
  key: FlowKey,
): RouteResult | null {
  const family = familyOf(key.destination);
  const found: InTable = family === 'ipv4' ? lookup4(walk, ns, index, key) : lookup6(walk, ns, index, key);
  if (found === null) return null;
  const { route } = found;
  const evidence = evidenceOf(walk, tables, ROUTE_SECTION[family], route);
  if ('unknown' in found) return { kind: 'unknown', missing: unknownRoute(ns, found.unknown, evidence) };
  const { type } = route;
  if (type === 'blackhole' || type === 'unreachable' || type === 'prohibit')
    return { kind: 'error', type, route, evidence };
  return { kind: 'route', route, nexthop: throughGateway(ns, found.nexthop), evidence };
}

/** A gateway that is the host's own address is none: the destination is on the link (rt_set_nexthop asks for a gateway of link scope). */
function throughGateway(ns: WorldNamespace, hop: NextHop | null): NextHop | null {
  if (hop === null || typeof hop.via !== 'number' || hop.onlink) return hop;
  let known = gateways.get(ns.net);
  if (!known) {
    known = new WeakMap();
    gateways.set(ns.net, known);
  }
  let found = known.get(hop);
  if (!found) {
    const own = ns.net.own.has(hop.via) || localRoute(ns, hop.via) || inMainAsLocal(ns, hop.via);
    found = own ? { ...hop, via: null } : hop;
    known.set(hop, found);
  }
  return found;
}

/** A namespace's next hops do not change while it is the same: each packet by the route would ask the tables anew. */
const gateways = new WeakMap<CompiledNetns, WeakMap<NextHop, NextHop>>();

function inMainAsLocal(ns: WorldNamespace, address: IpAddress): boolean {
  const tables = ns.net.routes.ipv4;
  if (!tables.known) return false;
  for (const route of tables.value.get(254)?.matching(address) ?? []) return route.type === 'local';
  return false;
}

/** fib4_rule_suppress, fib6_rule_suppress: what refuses is never suppressed. */
function suppressed(walk: Walk, ns: WorldNamespace, rule: Rule, found: RouteResult): boolean {
  if (found.kind !== 'route') return false;
  const { suppressPrefixLength: most, suppressIfGroup: group } = rule;
  if (most !== null && walk.sees('route-rule/suppress_prefixlength', found.route.destination.length <= most))
    return true;
  if (group === null) return false;
  // IPv4 asks the first next hop's device, IPv6 that of the route it found.
  const dev = (found.route.family === 'ipv4' ? found.route.nexthops[0] : found.nexthop)?.dev ?? null;
  const link = dev === null ? undefined : ns.net.linkByIndex.get(dev);
  return link !== undefined && walk.sees('route-rule/suppress_ifgroup', (link.group ?? 0) === group);
}

const merged = new WeakMap<RouteTables, PrefixIndex>();
function localAndMain(tables: RouteTables): PrefixIndex {
  const made = merged.get(tables);
  if (made) return made;
  const both = new PrefixIndex([255, 254].flatMap((id) => [...(tables.get(id)?.routes ?? [])]));
  merged.set(tables, both);
  return both;
}

/** What the kernel finds when it asks its local table alone: IPv4's before the first rule holds main as well. */
function firstOfLocalTable(ns: WorldNamespace, tables: RouteTables, address: IpAddress): Route | null {
  const { rules4 } = ns.net.state;
  const both = typeof address === 'number' && rules4.known && areDefault(inOrder(rules4));
  const table = both ? localAndMain(tables) : tables.get(255);
  if (!table) return null;
  // It is asked without a TOS.
  for (const route of table.matching(address))
    if (route.tos === 0 && (route.nexthops.length === 0 || route.nexthops.some((hop) => !hop.dead))) return route;
  return null;
}

/** The route that makes the address the host's own beside its devices' addresses; null: none does (__ip_dev_find). */
export function localRoute(ns: WorldNamespace, address: IpAddress): Route | null {
  const tables = ns.net.routes[familyOf(address)];
  if (!tables.known) return null;
  const route = firstOfLocalTable(ns, tables.value, address);
  return route?.type === 'local' ? route : null;
}

/**
 * IPv4 before the first rule was ever made: local and main are one trie, so that the longest prefix of both decides
 * (fib_trie_table, fib_unmerge).
 */
function withoutRules(walk: Walk, ns: WorldNamespace, tables: Known<RouteTables>, key: FlowKey): RouteResult {
  if (!tables.known) return { kind: 'none', evidence: [] };
  const both = localAndMain(tables.value);
  const other = tables.value.get(253);
  const found = asked(walk, ns, tables, both, key) ?? (other ? asked(walk, ns, tables, other, key) : null);
  return found ?? { kind: 'none', evidence: [] };
}

/** Routing for what comes in is asked in the superuser's name (sock_net_uid). */
function senderOf(walk: Walk, key: FlowKey): number | null {
  if (key.uid !== undefined) return key.uid;
  if (key.iifName !== 'lo') return 0;
  return (walk.direction === 'forward' ? walk.flow.uid : walk.answerer?.uid) ?? null;
}

const ruleQuestion = (
  ns: WorldNamespace,
  rule: Rule,
  strange: string,
  evidence: readonly Evidence[],
): [string, Missing, string] => [
  `policy rule ${rule.priority} applies`,
  {
    kind: 'other',
    place: ns.key,
    node: ns.node,
    text: `policy rule ${rule.priority} asks for what is not known: ${strange}`,
    zh: `策略路由规则 ${rule.priority} 使用了未知的条件:${strange}`,
    evidence,
  },
  `${ns.key} rule ${rule.priority} ${rule.evidence.line}`,
];

const NO_EVIDENCE: readonly Evidence[] = [];
const evidenceOf = (
  walk: Walk,
  tables: Known<RouteTables>,
  kind: 'ip-route' | 'ip-route6',
  route: Route,
): readonly Evidence[] => (walk.telling ? [cite(tables, kind, route.evidence)] : NO_EVIDENCE);

const unknownRoute = (ns: WorldNamespace, what: string, evidence: readonly Evidence[]): Missing => ({
  kind: 'other',
  place: ns.key,
  node: ns.node,
  text: `where the route leads is not known: ${what}`,
  zh: `无法得知该路由的去向:${what}`,
  evidence,
});

/** An address of the host's own for a packet out of `dev` (inet_select_addr, ipv6_dev_get_saddr); IPv6 asks what it is for. */
export function selectAddress(
  ns: WorldNamespace,
  dev: IfIndex,
  towards: IpAddress | null,
  family: Family,
  /** IPv4: the widest scope that the address may have; what is sent through a gateway or translated needs a global one. */
  widest: number = SCOPE.link,
): IpAddress | null {
  if (family === 'ipv4') return selectAddress4(ns, dev, typeof towards === 'number' ? towards : null, widest);
  const first = ns.net.addressesOn(dev).find((a) => typeof a.address === 'bigint' && !a.tentative && !a.deprecated);
  return typeof towards === 'bigint' ? selectAddress6(ns, dev, towards) : (first?.address ?? null);
}

/** RTN_* of an address by the local table alone, as `-m addrtype` and source checks ask (inet_addr_type). */
export function addressType(
  ns: WorldNamespace,
  address: IpAddress,
  dev: IfIndex | null = null,
): Route['type'] | 'unknown' {
  if (isMulticast(address)) return 'multicast';
  if (typeof address === 'number' && (address === 0xffffffff || address === 0)) return 'broadcast';
  const tables = ns.net.routes[familyOf(address)];
  if (!tables.known) return 'unknown';
  const route = firstOfLocalTable(ns, tables.value, address);
  // What refuses is no kind of address.
  if (route === null || route.nexthops.length === 0) return 'unicast';
  return dev === null || route.nexthops.some((hop) => hop.dev === dev) ? route.type : 'unicast';
}
