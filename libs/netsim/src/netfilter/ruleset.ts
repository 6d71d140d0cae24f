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
import type { AskedRule } from './asked-rule.ts';
import { indexRules, type RuleIndex } from './rule-index.ts';

export interface CompiledChain {
  readonly chain: XtChain;
  readonly rules: readonly XtRule[];
  /** Of a long chain: which of its rules can match which packet. */
  readonly index: RuleIndex | null;
  /** The rules ready to be asked, each made when the first packet comes to it: of 100,000 most are never met. */
  readonly asked: (AskedRule | undefined)[];
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

const compileChain = (chain: XtChain): CompiledChain => ({
  chain,
  rules: chain.rules,
  index: indexRules(chain.rules),
  asked: [],
});

function sectionKindOf(source: XtRuleset): SectionKind {
  if (source.family === 'ipv4') return source.variant === 'nft' ? 'iptables-nft-save' : 'iptables-save';
  return source.variant === 'nft' ? 'ip6tables-nft-save' : 'ip6tables-save';
}

/** The tool that prints and edits this ruleset. */
export function toolOf(ruleset: { readonly family: Family; readonly variant: XtVariant }): string {
  return TOOLS[ruleset.family][ruleset.variant];
}

const TOOLS: Readonly<Record<Family, Readonly<Record<XtVariant, string>>>> = {
  ipv4: { legacy: 'iptables-legacy', nft: 'iptables-nft' },
  ipv6: { legacy: 'ip6tables-legacy', nft: 'ip6tables-nft' },
};

export const ruleEvidence = (ruleset: CompiledRuleset, rule: { line: number; text: string }): Evidence => ({
  section: ruleset.section?.digest ?? null,
  kind: ruleset.sectionKind,
  line: rule.line,
  text: rule.text,
  at: ruleset.section?.at ?? null,
});
