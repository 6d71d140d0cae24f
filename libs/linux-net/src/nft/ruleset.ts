/** Tables, chains, rules and sets of native nftables, without those that iptables-nft owns. */
import type { LineRef } from '../netns/routes.ts';
import type { Hex, NftExpr, NftVerdict } from './expressions.ts';

export type NftFamily = 'ip' | 'ip6' | 'inet' | 'arp' | 'bridge' | 'netdev';
export type NftHook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'ingress' | 'egress';

export interface NftRuleset {
  /** Of the machine that the ruleset is from: how registers hold what is a number of the kernel's own. Absent: little. */
  readonly byteOrder?: 'little' | 'big';
  readonly tables: readonly NftTable[];
}

export interface NftTable {
  readonly family: NftFamily;
  readonly name: string;
  /** NFT_TABLE_F_DORMANT: its base chains are not hooked in. */
  readonly dormant: boolean;
  readonly chains: readonly NftChain[];
  readonly sets: readonly NftSet[];
  readonly objects: readonly NftObject[];
  readonly flowtables?: readonly NftFlowtable[];
}

export interface NftChain {
  readonly name: string;
  readonly handle: number;
  /** null: reached by jump and goto only. */
  readonly base: {
    readonly type: 'filter' | 'nat' | 'route';
    readonly hook: NftHook;
    readonly priority: number;
    readonly policy: 'accept' | 'drop';
    /** Of ingress and egress. */
    readonly devices: readonly string[];
  } | null;
  readonly rules: readonly NftRule[];
  readonly evidence: LineRef;
}

export interface NftRule {
  readonly handle: number;
  /** 1-based position in its chain. */
  readonly position: number;
  readonly expressions: readonly NftExpr[];
  readonly comment: string | null;
  /** `text` is the rule in nft's language as far as it can be told from the expressions. */
  readonly evidence: LineRef;
}

export interface NftSet {
  readonly name: string;
  readonly handle: number;
  readonly anonymous: boolean;
  readonly constant: boolean;
  readonly interval: boolean;
  /** Rules may add elements (`dynset`). */
  readonly dynamic: boolean;
  readonly map: 'none' | 'data' | 'verdict' | 'object';
  readonly keyBytes: number;
  /**
   * Bytes of each field of a concatenation with ranges, without padding: each begins at a multiple of 4. Else one entry, of
   * all of the key: the kernel compares it as a whole.
   */
  readonly fieldBytes: readonly number[];
  readonly dataBytes: number;
  /** nft's own numbers of the datatypes (a concatenation has 6 bits for each): how its elements are written. */
  readonly keyType?: number;
  readonly dataType?: number;
  /** What elements without one of their own get. */
  readonly timeoutMs?: number | null;
  readonly elements: readonly NftElement[];
}

export interface NftElement {
  /** null: the catch-all element. */
  readonly key: Hex | null;
  /** Of concatenations with ranges: the last key, inclusive. */
  readonly keyEnd: Hex | null;
  /** NFT_SET_ELEM_INTERVAL_END: the interval that began before ends here, exclusive. */
  readonly intervalEnd: boolean;
  readonly data:
    | { readonly kind: 'value'; readonly value: Hex }
    | { readonly kind: 'verdict'; readonly verdict: NftVerdict }
    | { readonly kind: 'object'; readonly name: string }
    | null;
  readonly timeoutMs: number | null;
  readonly expiresMs: number | null;
  /** Limits, quotas and the like that stand on the element itself. */
  readonly expressions: readonly NftExpr[];
}

export interface NftObject {
  readonly name: string;
  /** NFT_OBJECT_*: counter 1, quota 2, ct-helper 3, limit 4, connlimit 5, tunnel 6, ct-timeout 7, secmark 8, ct-expect 9, synproxy 10. */
  readonly type: number;
  /** What a reference to it does, as the expression of the same name; null where that is not known. */
  readonly does: NftExpr | null;
}

/** Packets of offloaded connections pass by every chain (net/netfilter/nf_flow_table_core.c). */
export interface NftFlowtable {
  readonly name: string;
  readonly handle: number;
  readonly priority: number;
  readonly devices: readonly string[];
}
