/** A ruleset prepared for traversal: chains by name, tables by name, the section it came from beside it. */
import type {
  Family,
  SectionKind,
  SectionRef,
  XtChain,
  XtRule,
  XtRuleset,
  XtTableName,
  XtVariant,
} from '@netverdict/linux-net';
import type { Evidence } from '@netverdict/verdict';

export interface CompiledChain {
  readonly chain: XtChain;
  readonly rules: readonly XtRule[];
  /**
   * Of a long chain: the rules that can match a destination, in order. KUBE-SERVICES has one rule per service
   * port, each for one address; the index passes over all others.
   */
  readonly byDestination: DestinationIndex | null;
}

interface DestinationIndex {
  readonly exact: ReadonlyMap<unknown, readonly number[]>;
  readonly others: readonly number[];
}

export interface CompiledTable {
  readonly name: XtTableName;
  readonly chains: ReadonlyMap<string, CompiledChain>;
}

export interface CompiledRuleset {
  readonly variant: XtVariant;
  readonly family: Family;
  readonly section: SectionRef | null;
  readonly sectionKind: SectionKind;
  readonly tables: ReadonlyMap<XtTableName, CompiledTable>;
  readonly source: XtRuleset;
}

const LONG_CHAIN = 32;

export function compileRuleset(source: XtRuleset, section: SectionRef | null): CompiledRuleset {
  return {
    variant: source.variant,
    family: source.family,
    section,
    sectionKind: section?.kind ?? sectionKindOf(source),
    tables: new Map(
      source.tables.map((table) => [
        table.name,
        { name: table.name, chains: new Map(table.chains.map((chain) => [chain.name, compileChain(chain)])) },
      ]),
    ),
    source,
  };
}

function compileChain(chain: XtChain): CompiledChain {
  if (chain.rules.length < LONG_CHAIN) return { chain, rules: chain.rules, byDestination: null };
  const exact = new Map<unknown, number[]>();
  const others: number[] = [];
  chain.rules.forEach((rule, index) => {
    const address = exactDestination(rule);
    if (address === null) others.push(index);
    else {
      const list = exact.get(address);
      if (list) list.push(index);
      else exact.set(address, [index]);
    }
  });
  return { chain, rules: chain.rules, byDestination: { exact, others } };
}

function exactDestination(rule: XtRule): unknown {
  for (const match of rule.matches)
    if (match.kind === 'destination' && !match.negate) {
      const { address, mask } = match.value;
      const full = typeof mask === 'number' ? mask === 0xffffffff : mask === (1n << 128n) - 1n;
      if (full) return address;
    }
  return null;
}

/** The rules of the chain that could match a packet to `destination`, in order. */
export function* candidates(compiled: CompiledChain, destination: unknown): Iterable<XtRule> {
  const index = compiled.byDestination;
  if (!index) {
    yield* compiled.rules;
    return;
  }
  const exact = index.exact.get(destination) ?? [];
  let e = 0;
  let o = 0;
  while (e < exact.length || o < index.others.length) {
    const nextExact = exact[e] ?? Number.POSITIVE_INFINITY;
    const nextOther = index.others[o] ?? Number.POSITIVE_INFINITY;
    const next = Math.min(nextExact, nextOther);
    if (next === nextExact) e++;
    else o++;
    const rule = compiled.rules[next];
    if (rule) yield rule;
  }
}

function sectionKindOf(source: XtRuleset): SectionKind {
  if (source.family === 'ipv4') return source.variant === 'nft' ? 'iptables-nft-save' : 'iptables-save';
  return source.variant === 'nft' ? 'ip6tables-nft-save' : 'ip6tables-save';
}

/** The tool that prints and edits this ruleset. */
export function toolOf(ruleset: { readonly family: Family; readonly variant: XtVariant }): string {
  return `${ruleset.family === 'ipv4' ? 'iptables' : 'ip6tables'}-${ruleset.variant}`;
}

export const ruleEvidence = (ruleset: CompiledRuleset, rule: { line: number; text: string }): Evidence => ({
  section: ruleset.section?.digest ?? null,
  kind: ruleset.sectionKind,
  line: rule.line,
  text: rule.text,
  at: ruleset.section?.at ?? null,
});
