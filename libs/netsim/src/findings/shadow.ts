/** A rule that drops before a later one of its chain, made for these packets, is asked. */
import type { XtMatch, XtRule } from '@netverdict/linux-net';
import { evaluate } from '../evaluate.ts';
import { toolOf } from '../netfilter/ruleset.ts';
import { editChain, editRuleset } from './edit.ts';
import { change, type Derived, nameOf, onPlace, type Situation } from './finding.ts';
import { insertCommand, onlyByNumber, withoutRule } from './rule-command.ts';

/** What says of a rule that it was written for certain packets, not for all that comes by. */
const NAMES: readonly XtMatch['kind'][] = ['source', 'destination', 'sport', 'dport', 'multiport', 'set', 'iprange'];
const names = (rule: XtRule): number => rule.matches.filter((m) => NAMES.includes(m.kind)).length;

export function shadowed(s: Situation<'rule-drop' | 'rule-reject'>): Derived | null {
  const { cause, ns } = s;
  const { ruleset, table, chain, rule } = cause;
  if (!ns || onlyByNumber(rule)) return null;
  const rules = ruleset.source.tables.find((t) => t.name === table)?.chains.find((c) => c.name === chain)?.rules ?? [];
  // No narrower than the one that drops: an exception of an exception is no accident.
  const later = rules.filter(
    (r) => r.number > rule.number && r.target?.kind === 'accept' && names(r) > 0 && names(r) >= names(rule),
  );
  if (later.length === 0) return null;
  const met = metWithout(s);
  const accepting = later.find((r) => met.has(r.number - 1));
  if (!accepting) return null;
  return {
    code: 'NV-RULE-SHADOWED',
    params: { where: nameOf(ns), rule: rule.number, chain, table, tool: toolOf(ruleset), later: accepting.number },
    remedy: {
      command: insertCommand(ruleset, table, accepting, rule.number),
      on: onPlace(ns),
      en: `Puts the accepting rule (${accepting.text}) before the one that drops (${rule.text}), which stays for all else.`,
      zh: `把放行规则(${accepting.text})插入到丢弃规则(${rule.text})之前;丢弃规则对其他流量仍然有效。`,
    },
    patch: change(ns, (state) =>
      editRuleset(state, ruleset, (source) =>
        editChain(source, table, chain, (c) => ({
          ...c,
          rules: c.rules
            .flatMap((r) => (r.line === rule.line ? [{ ...accepting, line: -1 }, r] : [r]))
            .map((r, i) => ({ ...r, number: i + 1 })),
        })),
      ),
    ),
  };
}

/** The numbers of the rules of the chain that the packet meets when the dropping one is gone; those behind it move up by one. */
function metWithout(s: Situation<'rule-drop' | 'rule-reject'>): ReadonlySet<number> {
  const { ruleset, table, chain, rule } = s.cause;
  const gone = change(s.ns, (state) =>
    editRuleset(state, ruleset, (source) =>
      editChain(source, table, chain, (c) => ({
        ...c,
        rules: withoutRule(c.rules, rule).map((r, i) => ({ ...r, number: i + 1 })),
      })),
    ),
  );
  const after = gone?.({ world: s.world, flow: s.flow });
  if (!after) return new Set();
  const tool = toolOf(ruleset);
  const met = evaluate(after.world, after.flow).branches.flatMap((b) => b.rulesMet);
  return new Set(
    met.flatMap((m) =>
      m.namespace === s.ns?.key &&
      m.direction === s.stop.direction &&
      m.tool === tool &&
      m.table === table &&
      m.chain === chain &&
      m.rule !== 'policy'
        ? [m.rule]
        : [],
    ),
  );
}
