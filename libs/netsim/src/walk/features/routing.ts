/** Routes, policy rules and neighbours. */
import type { NeighbourState, RouteType, RuleAction } from '@netverdict/linux-net';
import type { Held } from './held.ts';

export const ROUTE_TYPES = {
  unicast: 'kernel',
  local: 'kernel',
  broadcast: 'kernel',
  anycast: 'rows',
  multicast: 'unknown',
  blackhole: 'kernel',
  unreachable: 'kernel',
  prohibit: 'kernel',
  throw: 'kernel',
  nat: 'unknown',
} as const satisfies Readonly<Record<RouteType, Held>>;

/** What a route says beside where it leads, and what is asked of a packet that takes one. */
export const ROUTE_ATTRIBUTES = {
  tos: 'kernel',
  src: 'kernel',
  from: 'kernel',
  dead: 'kernel',
  ttl: 'kernel',
  'nexthop-of-source': 'kernel',
  'gateway-not-failed': 'kernel',
  'source-is-own': 'kernel',
  'to-everybody': 'kernel',
  'on-link-of-device': 'kernel',
  'source-scope': 'kernel',
  martian6: 'kernel',
} as const satisfies Readonly<Record<string, Held>>;

/** Selectors and actions. */
export const ROUTE_RULES = {
  from: 'kernel',
  to: 'kernel',
  iif: 'kernel',
  oif: 'kernel',
  fwmark: 'kernel',
  not: 'kernel',
  tos: 'kernel',
  dscp: 'rows',
  ipproto: 'kernel',
  sport: 'kernel',
  dport: 'kernel',
  uidrange: 'kernel',
  l3mdev: 'rows',
  lookup: 'kernel',
  goto: 'kernel',
  nop: 'rows',
  blackhole: 'kernel',
  unreachable: 'kernel',
  prohibit: 'kernel',
  suppress_prefixlength: 'kernel',
  suppress_ifgroup: 'kernel',
} as const satisfies Readonly<Record<RuleAction['kind'] | string, Held>>;

/** An entry's state when it is used, and who answers for an address. */
export const NEIGHBOURS = {
  permanent: 'kernel',
  reachable: 'kernel',
  stale: 'kernel',
  delay: 'rows',
  probe: 'rows',
  noarp: 'kernel',
  none: 'rows',
  incomplete: 'rows',
  failed: 'kernel',
  'asker-fixed': 'kernel',
  'hop-limit': 'kernel',
  learned: 'kernel',
  'noarp-device': 'kernel',
  tentative: 'kernel',
  proxy_arp: 'kernel',
  proxy_arp_pvlan: 'kernel',
  proxy_ndp: 'kernel',
  'proxy-entry': 'kernel',
} as const satisfies Readonly<Record<NeighbourState | string, Held>>;
