/**
 * One table at one hook: the base chain, what it jumps to, and its policy (ipt_do_table; nft_do_chain for rules of iptables-nft).
 *
 * `walk.rulesMet` follows what `-j TRACE` shows: both kernels trace each rule whose matches all agreed, before its target acts,
 * whether or not it has one; and the base chain's policy at its end, after a RETURN there or at the end of a chain that was
 * gone to, too. The end of a user's chain is traced as `return` and is no rule. Legacy calls an unconditional
 * ACCEPT, DROP or RETURN in a base chain `policy:N` and in another `return:N` (get_chainname_rulenum), with the rule's own number.
 */
import type { XtRule } from '@netverdict/linux-net';
import type { Step } from '@netverdict/verdict';
import { passesInPieces } from '../answer/pieces.ts';
import type { Packet } from '../packet/packet.ts';
import { makeStep } from '../trace/recorder.ts';
import type { Missing } from '../walk/choices.ts';
import { type AskedRule, ask, askedRule } from './asked-rule.ts';
import type { RuleContext } from './context.ts';
import { candidates } from './rule-index.ts';
import { type CompiledChain, type CompiledRuleset, type CompiledTable, ruleEvidence, toolOf } from './ruleset.ts';
import { applyTarget } from './targets/index.ts';

export type TableVerdict =
  | { readonly kind: 'accept'; readonly packet: Packet; readonly steps: readonly Step[]; readonly last: string }
  | {
      readonly kind: 'drop' | 'reject' | 'no-source';
      readonly chain: string;
      /** null: the policy. */
      readonly rule: XtRule | null;
      readonly with: string;
      readonly steps: readonly Step[];
      readonly said: string;
    }
  /** A rule whose effect is not known: it may lose the packet, change it, or spare it what follows. */
  | { readonly kind: 'unknown'; readonly missing: Missing; readonly steps: readonly Step[] }
  /** The budget is used up. */
  | { readonly kind: 'abandoned' };

interface Traversal {
  readonly ruleset: CompiledRuleset;
  readonly table: CompiledTable;
  readonly steps: Step[];
  packet: Packet;
  /** Chains that are being walked, outermost first. */
  readonly stack: string[];
}

type ChainEnd = { readonly end: 'returned' } | { readonly end: 'verdict'; readonly verdict: TableVerdict };

export function traverse(ruleset: CompiledRuleset, table: CompiledTable, context: RuleContext): TableVerdict | null {
  const base = table.chains.get(context.hook);
  if (!base) return null;
  const t: Traversal = { ruleset, table, steps: [], packet: context.packet, stack: [] };
  const result = walkChain(t, base, context);
  if (result.end === 'verdict') return result.verdict;
  remember(t, context, context.hook, 'policy');
  if (!context.walk.sees('xt-chain/policy', base.chain.policy !== 'DROP'))
    return { kind: 'drop', chain: context.hook, rule: null, with: '', steps: t.steps, said: 'policy DROP' };
  return { kind: 'accept', packet: t.packet, steps: t.steps, last: 'policy ACCEPT' };
}

function walkChain(t: Traversal, chain: CompiledChain, context: RuleContext): ChainEnd {
  t.stack.push(chain.chain.name);
  const end = walkRules(t, chain, context);
  t.stack.pop();
  return end;
}

function walkRules(t: Traversal, chain: CompiledChain, context: RuleContext): ChainEnd {
  const { name } = chain.chain;
  let current: RuleContext = context;
  // An observer is told of every meaning: it sees the chain as the kernel walks it.
  const { walk } = context;
  const chosen = walk.lens === null && walk.indexes ? candidates(chain.index, t.packet, context) : null;
  const count = chosen === null ? chain.rules.length : chosen.length;
  for (let at = 0; at < count; at++) {
    const asked = askedRule(chain, chosen === null ? at : (chosen[at] as number));
    const { rule } = asked;
    // A new one only where a rule has changed the packet: most only look.
    if (current.packet !== t.packet) current = { ...context, packet: t.packet };
    // Chains that call one another can make a packet meet more rules than anybody can wait for.
    if (!walk.spend('rule')) return ABANDONED;
    const met = matches(t, name, asked, current);
    if (met === false) continue;
    if (walk.telling) remember(t, context, name, rule.number, met === 'maybe');
    if (rule.target === null || asked.targetFeature === null || !walk.sees(asked.targetFeature, true)) continue;
    const result = applyTarget(rule.target, current);
    const said = walk.telling ? ruleText(name, rule, result) : '';
    switch (result.does) {
      case 'continue':
        t.packet = result.packet;
        if (result.said !== undefined && result.said !== '') tell(t, context, name, rule, said, 'change');
        continue;
      case 'accept':
        tell(t, context, name, rule, said, result.packet === current.packet ? 'pass' : 'change', result.packet);
        t.packet = result.packet;
        return { end: 'verdict', verdict: { kind: 'accept', packet: result.packet, steps: t.steps, last: said } };
      case 'drop':
      case 'reject':
      case 'no-source':
        tell(t, context, name, rule, said, 'stop');
        return {
          end: 'verdict',
          verdict: {
            kind: result.does,
            chain: name,
            rule,
            with: result.does === 'reject' ? result.with : '',
            steps: t.steps,
            said,
          },
        };
      case 'return':
        tell(t, context, name, rule, said, 'pass');
        return RETURNED;
      case 'jump':
      case 'goto': {
        if (asked.next === undefined) asked.next = t.table.chains.get(result.chain) ?? null;
        const { next } = asked;
        // The kernel refuses chains that lead back to themselves (mark_source_chains, nf_tables_check_loops).
        if (next === null || t.stack.includes(next.chain.name)) {
          const why = next ? 'which leads back to itself' : 'which the table does not have';
          const what = `chain ${result.chain}, ${why}`;
          if (!unknownRule(t, name, rule, current, what)) return open(t, name, rule, current, what);
          continue;
        }
        tell(t, context, name, rule, said, 'pass');
        const inner = walkChain(t, next, context);
        if (inner.end === 'verdict') return inner;
        // After a goto the packet comes back to the caller of this chain, not to its next rule.
        if (result.does === 'goto') return inner;
        continue;
      }
      case 'unknown':
        if (!unknownRule(t, name, rule, current, result.what)) return open(t, name, rule, current, result.what);
    }
  }
  return RETURNED;
}

const RETURNED: ChainEnd = { end: 'returned' };
const ABANDONED: ChainEnd = { end: 'verdict', verdict: { kind: 'abandoned' } };

/** The other answer to an unknown rule: what becomes of the packet cannot be told. */
const open = (t: Traversal, chain: string, rule: XtRule, context: RuleContext, what: string): ChainEnd => ({
  end: 'verdict',
  verdict: { kind: 'unknown', missing: missingFor(t, chain, rule, context, what), steps: t.steps },
});

/** `maybe`: cannot be told, and makes no difference to the packet, so no way parts here. */
function matches(t: Traversal, chain: string, asked: AskedRule, context: RuleContext): boolean | 'maybe' {
  const { rule, idle, chance } = asked;
  const { walk } = context;
  let unknown: string | null = null;
  for (const one of asked.matches) {
    const answer = ask(one, context);
    if (typeof answer !== 'boolean') unknown ??= answer.unknown;
    else if (!walk.sees(one.feature, answer)) return false;
  }
  const draws = chance !== null && chance > 0 && chance < 1;
  const pieces = draws && passesInPieces(context.ns, context.packet);
  if (pieces) unknown ??= "the lots that each of the packet's pieces draws";
  if (unknown !== null && idle) return 'maybe';
  if (unknown !== null) {
    const missing = missingFor(t, chain, rule, context, unknown);
    const question = `rule ${rule.number} of ${chain} matches`;
    const answer = walk.choices.unknown(question, missing);
    tell(
      t,
      context,
      chain,
      rule,
      `${chain} rule ${rule.number} asks for ${unknown}; here taken as ${answer ? 'matching' : 'not matching'}`,
      'branch',
    );
    if (!answer) return false;
  }
  if (!draws || pieces) return chance === null || chance > 0;
  if (idle) return 'maybe';
  const taken = walk.choose('rule', [
    { label: `${chain} rule ${rule.number} by chance`, share: chance },
    { label: `${chain} rule ${rule.number} passed over by chance`, share: 1 - chance },
  ]);
  return taken === 0;
}

/** True: the way on is followed. */
function unknownRule(t: Traversal, chain: string, rule: XtRule, context: RuleContext, what: string): boolean {
  const missing = missingFor(t, chain, rule, context, what);
  const goesOn = context.walk.choices.unknown(
    `rule ${rule.number} of ${chain} lets the packet go on unchanged`,
    missing,
  );
  tell(
    t,
    context,
    chain,
    rule,
    `${chain} rule ${rule.number}: ${what}; here taken as ${goesOn ? 'passing the packet on' : 'doing something else'}`,
    'branch',
  );
  return goesOn;
}

const missingFor = (t: Traversal, chain: string, rule: XtRule, context: RuleContext, what: string): Missing => ({
  kind: 'rule',
  place: context.ns.key,
  node: context.ns.node,
  text: `rule ${rule.number} of chain ${chain} (${toolOf(t.ruleset)}, table ${t.table.name}) depends on ${what}`,
  zh: `链 ${chain} 的第 ${rule.number} 条规则(${toolOf(t.ruleset)},${t.table.name} 表)的结果无法判断:${rule.text}`,
  evidence: [ruleEvidence(t.ruleset, rule)],
});

function ruleText(chain: string, rule: XtRule, result: ReturnType<typeof applyTarget>): string {
  const place = `${chain} rule ${rule.number}`;
  switch (result.does) {
    case 'jump':
    case 'goto':
      return `${place} → ${result.chain}`;
    case 'return':
      return `${place} → RETURN`;
    case 'unknown':
      return `${place}: ${result.what}`;
    case 'continue':
      return result.said ? `${place}: ${result.said}` : place;
    default:
      return `${place} → ${result.said}`;
  }
}

function tell(
  t: Traversal,
  { walk }: RuleContext,
  chain: string,
  rule: XtRule,
  text: string | (() => string),
  action: Step['action'],
  packet?: Packet,
): void {
  walk.spend('step');
  if (!walk.telling) return;
  t.steps.push(
    makeStep({
      kind: action === 'branch' ? 'unknown' : 'rule',
      text: typeof text === 'string' ? text : text(),
      action,
      detail: { table: t.table.name, chain, rule: rule.number, comment: rule.comment },
      evidence: [ruleEvidence(t.ruleset, rule)],
      ...(packet && action === 'change' ? { packet } : {}),
    }),
  );
}

function remember(
  t: Traversal,
  { walk, ns }: Pick<RuleContext, 'walk' | 'ns'>,
  chain: string,
  rule: number | 'policy',
  maybe = false,
): void {
  if (!walk.telling) return;
  walk.rulesMet.push({
    namespace: ns.key,
    direction: walk.direction,
    tool: toolOf(t.ruleset),
    table: t.table.name,
    chain,
    rule,
    ...(maybe ? { maybe } : {}),
  });
}
