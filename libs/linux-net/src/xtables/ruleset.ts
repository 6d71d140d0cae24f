/**
 * A ruleset of iptables or ip6tables as `iptables-save` prints it.
 * Legacy and nft variants are two sets of base chains that both apply; each has its own ruleset.
 */
import type { Family } from '../values/address.ts';
import type { XtMatch } from './matches.ts';
import type { XtTarget } from './targets.ts';

export type XtVariant = 'legacy' | 'nft';
export type XtTableName = 'raw' | 'mangle' | 'nat' | 'filter' | 'security';

export interface XtRuleset {
  readonly variant: XtVariant;
  readonly family: Family;
  readonly tables: readonly XtTable[];
}

export interface XtTable {
  readonly name: XtTableName;
  readonly chains: readonly XtChain[];
}

export interface XtChain {
  readonly name: string;
  /** null: a user-defined chain, which returns at its end. */
  readonly policy: 'ACCEPT' | 'DROP' | null;
  readonly rules: readonly XtRule[];
  /** 1-based line of the `:CHAIN` declaration. */
  readonly line: number;
}

export interface XtRule {
  /** 1-based position in its chain, as `iptables -D CHAIN n` counts. */
  readonly number: number;
  /** 1-based line in the section. */
  readonly line: number;
  /** The raw `-A …` line. */
  readonly text: string;
  readonly matches: readonly XtMatch[];
  /** null: the rule only counts. */
  readonly target: XtTarget | null;
  readonly comment: string | null;
}
