/**
 * Everything known about one network namespace. A part that was not collected or did not parse is a value
 * that says so; reading it in the simulator gives an unknown, never an empty table.
 */

import type { NftRuleset } from '../nft/ruleset.ts';
import type { SectionKind, SectionRef } from '../snapshot/section.ts';
import type { XtRuleset } from '../xtables/ruleset.ts';
import type { InterfaceAddress } from './addresses.ts';
import type { ConntrackEntry, ConntrackTable } from './conntrack.ts';
import type { IpSet } from './ipset.ts';
import type { Link } from './links.ts';
import type { FdbEntry, Neighbour } from './neighbours.ts';
import type { Route, Rule } from './routes.ts';
import type { Socket } from './sockets.ts';

export type Known<T> =
  | { readonly known: true; readonly value: T; readonly section: SectionRef | null }
  | { readonly known: false; readonly kind: SectionKind; readonly reason: string; readonly line: number | null };

export interface NetnsId {
  readonly nsid: number;
  /** Inode of the namespace that the id stands for, seen from this namespace. */
  readonly inode: number;
}

export interface AttachedProgram {
  readonly dev: string | null;
  /** `tc ingress`, `tc egress`, `xdp`, `cgroup`, `netfilter`. */
  readonly hook: string;
  readonly name: string;
}

/** One function that netfilter calls; those of one family and hook stand in the order in which a packet meets them. */
export interface NetfilterHook {
  /** `ip` or `ip6`: what is hooked in for `inet` stands in both. */
  readonly family: string;
  /** As nft names it: `prerouting`. */
  readonly hook: string;
  readonly priority: number;
  /** The kernel's name of it, `ipt_do_table`; null where the kernel keeps no names. */
  readonly function: string | null;
  /** nftables', iptables-nft's among them. */
  readonly chain: { readonly family: string; readonly table: string; readonly name: string } | null;
}

export interface NetnsState {
  readonly links: Known<readonly Link[]>;
  readonly addresses: Known<readonly InterfaceAddress[]>;
  readonly routes4: Known<readonly Route[]>;
  readonly routes6: Known<readonly Route[]>;
  readonly rules4: Known<readonly Rule[]>;
  readonly rules6: Known<readonly Rule[]>;
  readonly neighbours: Known<readonly Neighbour[]>;
  readonly fdb: Known<readonly FdbEntry[]>;
  readonly netnsIds: Known<readonly NetnsId[]>;
  /** Up to four: legacy and nft, IPv4 and IPv6. A ruleset with no table is known and empty. */
  readonly iptablesLegacy: Known<XtRuleset>;
  readonly iptablesNft: Known<XtRuleset>;
  readonly ip6tablesLegacy: Known<XtRuleset>;
  readonly ip6tablesNft: Known<XtRuleset>;
  /** Native nftables, without the tables that iptables-nft owns. */
  readonly nftables: Known<NftRuleset>;
  /** Of two rulesets with one priority, which is asked first; null: this kernel does not list its hooks, as most do not. */
  readonly netfilterHooks: Known<readonly NetfilterHook[] | null>;
  readonly ipsets: Known<readonly IpSet[]>;
  readonly sockets: Known<readonly Socket[]>;
  /** Path below /proc/sys/, with dots or slashes as in the kernel (`net/ipv4/ip_forward`), to its text. */
  readonly sysctls: Known<ReadonlyMap<string, string>>;
  readonly conntrack: Known<readonly ConntrackEntry[]>;
  readonly conntrackTable: Known<ConntrackTable>;
  readonly programs: Known<readonly AttachedProgram[]>;
}
