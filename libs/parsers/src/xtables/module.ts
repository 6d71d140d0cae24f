/** What a match or a target extension is to the parser: its options, and how they become values. */
import type { Family } from '@netverdict/linux-net';
import { Malformed } from '../problem.ts';

export interface Given {
  readonly option: string;
  /** `!` before the option or, in rules of old versions, before its value. */
  readonly negate: boolean;
  readonly args: readonly string[];
}

export interface Module<T> {
  /** Options and how many values each takes; `any`: whatever follows is this module's and does not matter. */
  readonly options: Readonly<Record<string, number>> | 'any';
  /** An option without its value makes the module unknown instead of the line malformed. */
  readonly toleratesMissingValue?: true;
  /** null: these options are known to iptables and not modelled. Throws Malformed for a value iptables would refuse. */
  readonly build: (given: readonly Given[], family: Family) => T | null;
}

/** The last one wins, as in iptables where each writes into the same structure. */
export const find = (given: readonly Given[], ...names: readonly string[]): Given | undefined =>
  given.findLast((g) => names.includes(g.option));

export const has = (given: readonly Given[], name: string): boolean => find(given, name) !== undefined;

export const arg = (given: Given, index = 0): string => {
  const value = given.args[index];
  if (value === undefined) throw new Malformed(`${given.option} needs a value`);
  return value;
};

/** For modules of which each option is a match of its own. */
export const each =
  <M>(build: Readonly<Record<string, (given: Given, family: Family) => M | null>>) =>
  (given: readonly Given[], family: Family): readonly M[] | null => {
    const matches: M[] = [];
    for (const g of given) {
      const match = build[g.option]?.(g, family) ?? null;
      if (match === null) return null;
      matches.push(match);
    }
    return matches;
  };
