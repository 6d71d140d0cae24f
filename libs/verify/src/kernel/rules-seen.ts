/** From the kernel's trace to rules by their position. */
import type { HelperSection } from '@netverdict/collect';
import type { RuleSeen } from '../world/observation.ts';

/** [namespace's index, direction, what traced it, family, table, chain, what, handle (nft) or number (legacy)] */
export type TraceEvent = readonly [
  number,
  'forward' | 'reply',
  'nft' | 'legacy',
  string,
  string,
  string,
  'rule' | 'policy' | 'return' | 'unknown',
  number,
];

/** [family, table, chain, handle] in the kernel's order. */
export type NftRule = readonly [string, string, string, number];

/** What is needed of a namespace to lead a trace back to positions. */
export interface Positions {
  /** `family table chain handle` → 1-based. */
  readonly nft: ReadonlyMap<string, number>;
  /** `family table chain` → how many rules it has. */
  readonly legacy: ReadonlyMap<string, number>;
  /** `family table` of those that iptables-nft made. */
  readonly iptablesNft: ReadonlySet<string>;
}

export function nftPositions(rules: readonly NftRule[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const positions = new Map<string, number>();
  for (const [family, table, chain, handle] of rules) {
    const key = `${family} ${table} ${chain}`;
    const position = (counts.get(key) ?? 0) + 1;
    counts.set(key, position);
    positions.set(`${key} ${handle}`, position);
  }
  return positions;
}

/** Rules of each chain in the texts of iptables-legacy-save. */
export function legacyCounts(sections: readonly HelperSection[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const section of sections) {
    if (!('text' in section)) continue;
    const family = section.kind === 'iptables-save' ? 'ip' : section.kind === 'ip6tables-save' ? 'ip6' : null;
    if (family === null) continue;
    let table = '';
    for (const line of section.text.split('\n')) {
      if (line.startsWith('*')) table = line.slice(1).trim();
      const chain = /^-A (\S+)/.exec(line)?.[1];
      if (chain === undefined) continue;
      const key = `${family} ${table} ${chain}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

/** `family table` of those in the texts of iptables-nft-save. */
export function iptablesNftTables(sections: readonly HelperSection[]): ReadonlySet<string> {
  const tables = new Set<string>();
  for (const section of sections) {
    if (!('text' in section)) continue;
    const family = section.kind === 'iptables-nft-save' ? 'ip' : section.kind === 'ip6tables-nft-save' ? 'ip6' : null;
    if (family === null) continue;
    for (const [, table] of section.text.matchAll(/^\*(\S+)/gm)) tables.add(`${family} ${table}`);
  }
  return tables;
}

/** null where the event is no rule: the end of a user's chain. */
export function ruleSeen(event: TraceEvent, namespace: string, positions: Positions): RuleSeen | null {
  const [, direction, by, family, table, chain, what, number] = event;
  const place = { namespace, direction, table, chain };
  if (by === 'legacy') {
    const tool = family === 'ip6' ? 'ip6tables-legacy' : 'iptables-legacy';
    // x_tables names a rule without matches that ends the packet's way "policy" or "return", as it does the end of a chain,
    // whose number is one more than there are rules (net/ipv4/netfilter/ip_tables.c, get_chainname_rulenum).
    const count = positions.legacy.get(`${family} ${table} ${chain}`) ?? 0;
    if (number <= count) return { ...place, tool, rule: number };
    return what === 'policy' ? { ...place, tool, rule: 'policy' } : null;
  }
  const isIptables = positions.iptablesNft.has(`${family} ${table}`);
  const tool = isIptables ? (family === 'ip6' ? 'ip6tables-nft' : 'iptables-nft') : family;
  if (what === 'policy') return { ...place, tool, rule: 'policy' };
  if (what !== 'rule') return null;
  const position = positions.nft.get(`${family} ${table} ${chain} ${number}`);
  if (position === undefined)
    throw new Error(
      `the trace names rule ${number} of ${family} ${table} ${chain} in ${namespace}, which is not there`,
    );
  return { ...place, tool, rule: position };
}
