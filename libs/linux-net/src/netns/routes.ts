/** Routes of all tables and policy rules, as `ip route show table all` and `ip rule` show them. */
import type { Family, IpAddress } from '../values/address.ts';
import type { Prefix } from '../values/prefix.ts';
import type { IfIndex } from '../values/scalars.ts';

export type RouteType =
  | 'unicast'
  | 'local'
  | 'broadcast'
  | 'anycast'
  | 'multicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw'
  | 'nat';
/** RT_SCOPE_*: 0 universe (global), 200 site, 253 link, 254 host, 255 nowhere; others are administrators' own. */
export type RouteScope = number;
export const SCOPE = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const;
/** RT_TABLE_*: 255 local, 254 main, 253 default. */
export const TABLE = { local: 255, main: 254, default: 253 } as const;

export interface NextHop {
  readonly via: IpAddress | null;
  readonly dev: IfIndex | null;
  readonly weight: number;
  /** `onlink`: the gateway need not be on a connected prefix. */
  readonly onlink: boolean;
  /** RTNH_F_DEAD: its device is down. */
  readonly dead: boolean;
  /** RTNH_F_LINKDOWN: its device has no carrier. */
  readonly linkdown: boolean;
  /** A lightweight tunnel (mpls, seg6, ip…) that the model does not follow. */
  readonly encap: string | null;
  /** `realms`: the source's in the upper sixteen bits, the destination's in the lower; null: a name without a number here. Absent: none. */
  readonly realms?: number | null;
}

export interface Route {
  readonly family: Family;
  readonly type: RouteType;
  readonly destination: Prefix;
  readonly table: number;
  readonly tos: number;
  readonly metric: number;
  readonly scope: RouteScope;
  readonly protocol: string;
  readonly prefsrc: IpAddress | null;
  readonly mtuBytes: number | null;
  readonly mtuLocked: boolean;
  /** One for a plain route, several for multipath, none for a blackhole and its kin. */
  readonly nexthops: readonly NextHop[];
  /** The id of a nexthop object, resolved into `nexthops` by the kernel's own dump. */
  readonly nhid: number | null;
  /** IPv6 source prefix (`from`). */
  readonly source: Prefix | null;
  /** IPv6 router preference (RFC 4191); absent: medium. */
  readonly preference?: 'low' | 'medium' | 'high';
  readonly evidence: LineRef;
}

export type RuleAction =
  | { readonly kind: 'lookup'; readonly table: number }
  | { readonly kind: 'goto'; readonly priority: number }
  | { readonly kind: 'nop' }
  | { readonly kind: 'blackhole' }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'prohibit' };

export interface Rule {
  readonly family: Family;
  readonly priority: number;
  readonly invert: boolean;
  readonly from: Prefix | null;
  readonly to: Prefix | null;
  readonly iif: string | null;
  readonly oif: string | null;
  readonly fwmark: { readonly value: number; readonly mask: number } | null;
  readonly tos: number | null;
  /** `dscp`: unlike IPv4's `tos` it looks at all six bits; value and mask as they stand in the TOS byte. */
  readonly dscp?: { readonly value: number; readonly mask: number } | null;
  readonly ipproto: number | null;
  readonly sport: { readonly from: number; readonly to: number } | null;
  readonly dport: { readonly from: number; readonly to: number } | null;
  readonly uidrange: { readonly from: number; readonly to: number } | null;
  readonly l3mdev: boolean;
  /** `suppress_prefixlength`: a route at most this long does not count. */
  readonly suppressPrefixLength: number | null;
  readonly suppressIfGroup: number | null;
  /** `realms` that its routes have where they name none themselves, as those of a next hop. */
  readonly realms?: number | null;
  /** Names of selectors that the model has no answer for. */
  readonly unmodelled?: readonly string[];
  readonly action: RuleAction;
  readonly evidence: LineRef;
}

/** Where in the raw section a value stood: the 1-based line or JSON array element, and its text. */
export interface LineRef {
  readonly line: number;
  readonly text: string;
}
