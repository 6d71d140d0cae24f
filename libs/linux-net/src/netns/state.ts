/**
 * Everything known about one network namespace. A part that was not collected or did not parse is a value
 * that says so; reading it in the simulator gives an unknown, never an empty table.
 */

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
  /** Native nftables, without the tables that iptables-nft owns. Table names here; the model comes later. */
  readonly nftables: Known<NftRuleset>;
  readonly ipsets: Known<readonly IpSet[]>;
  readonly sockets: Known<readonly Socket[]>;
  /** Path below /proc/sys/, with dots or slashes as in the kernel (`net/ipv4/ip_forward`), to its text. */
  readonly sysctls: Known<ReadonlyMap<string, string>>;
  readonly conntrack: Known<readonly ConntrackEntry[]>;
  readonly conntrackTable: Known<ConntrackTable>;
  readonly programs: Known<readonly AttachedProgram[]>;
}

/** Native nftables as far as it is read: its tables, and the base chains that could touch a packet. Their rules are not evaluated. */
export interface NftRuleset {
  readonly tables: readonly { readonly family: string; readonly name: string }[];
  readonly baseChains: readonly {
    readonly family: string;
    readonly table: string;
    readonly name: string;
    readonly type: string;
    readonly hook: string;
    readonly priority: number;
    readonly policy: string;
    readonly ruleCount: number;
    /** Of netdev: the devices that it is hooked to; absent where nft does not say (1.0.6), which may be any. */
    readonly devices?: readonly string[];
    /** False: the table's rules do nothing but let pass, lose, reject, count and log. Absent: not read. */
    readonly rewrites?: boolean;
  }[];
}
