/**
 * A base chain from its first rule to a verdict or its policy (nft_do_chain, net/netfilter/nf_tables_core.c).
 *
 * The kernel's trace shows a rule when its expressions passed or gave a verdict, not one that ended in NFT_BREAK; the policy
 * when the end of the base chain is reached, by a `return` there too. `rulesMet` follows it.
 */
import { assertNever, type NftRule } from '@netverdict/linux-net';
import type { Step } from '@netverdict/verdict';
import type { Packet } from '../packet/packet.ts';
import type { Missing } from '../walk/choices.ts';
import type { CompiledNftChain, ExpressionEvaluator, NftBase } from './compile.ts';
import type { NftContext } from './context.ts';
import { Evaluation } from './evaluation.ts';
import { evaluate, evaluatorOf } from './expressions/index.ts';
import type { Outcome } from './outcome.ts';

export type NftResult =
  | { readonly kind: 'accept'; readonly packet: Packet; readonly steps: readonly Step[]; readonly last: string }
  | {
      readonly kind: 'drop' | 'reject' | 'no-source';
      readonly chain: string;
      /** null: the policy. */
      readonly rule: NftRule | null;
      readonly with: string;
      readonly code: number;
      readonly steps: readonly Step[];
      readonly said: string;
    }
  | { readonly kind: 'unknown'; readonly missing: Missing; readonly steps: readonly Step[] }
  | { readonly kind: 'abandoned' };

/** NFT_JUMP_STACK_SIZE. A ruleset that jumps deeper is refused when it is loaded. */
const JUMP_STACK_SIZE = 16;

export function walkBase(base: NftBase, context: NftContext): NftResult {
  const { table } = base;
  const e = new Evaluation(table, base.chain, context);
  const stack: { readonly chain: CompiledNftChain; readonly next: number }[] = [];
  let chain = base.chain;
  let position = 0;
  for (;;) {
    const rule = chain.rules[position];
    if (!rule) {
      const back = stack.pop();
      if (!back) return policy(base, e);
      ({ chain, next: position } = back);
      e.chain = chain;
      continue;
    }
    // Chains that call one another can make a packet meet more rules than anybody can wait for.
    if (!context.walk.spend('rule')) return { kind: 'abandoned' };
    position++;
    e.rule = rule;
    if (e.unread.size > 0) e.unread.clear();
    e.maybe = false;
    const before = e.packet;
    const outcome = runRule(e);
    if (outcome === 'break') continue;
    if (outcome === 'next') {
      e.remember(rule.rule.position);
      continue;
    }
    const { telling } = context.walk;
    const place = telling ? e.place() : '';
    switch (outcome.does) {
      case 'next':
        e.remember(rule.rule.position);
        e.tell(telling ? `${place}: ${outcome.said}` : '', 'change', e.packet === before ? undefined : e.packet);
        continue;
      case 'open':
        return { kind: 'unknown', missing: e.missing(outcome.what), steps: e.steps };
      case 'accept':
        e.remember(rule.rule.position);
        e.tell(`${place} → ${outcome.said}`, 'change', e.packet);
        return { kind: 'accept', packet: e.packet, steps: e.steps, last: `${place} → ${outcome.said}` };
      case 'reject':
      case 'no-source': {
        e.remember(rule.rule.position);
        const how = outcome.does === 'reject' ? `reject with ${outcome.with}` : outcome.said;
        e.tell(`${place} → ${how}`, 'stop');
        return {
          kind: outcome.does,
          chain: chain.chain.name,
          rule: rule.rule,
          with: outcome.does === 'reject' ? outcome.with : '',
          code: outcome.does === 'reject' ? outcome.code : 0,
          steps: e.steps,
          said: `${place} → ${how}`,
        };
      }
      case 'verdict': {
        const { verdict } = outcome;
        e.remember(rule.rule.position);
        switch (verdict.code) {
          case 'accept':
            e.tell(telling ? `${place} → accept` : '', 'pass');
            return { kind: 'accept', packet: e.packet, steps: e.steps, last: `${place} → accept` };
          case 'drop':
            e.tell(`${place} → drop`, 'stop');
            return {
              kind: 'drop',
              chain: chain.chain.name,
              rule: rule.rule,
              with: '',
              code: 0,
              steps: e.steps,
              said: `${place} → drop`,
            };
          case 'queue':
          case 'stolen':
            return { kind: 'unknown', missing: e.missing(`the verdict ${verdict.code}`), steps: e.steps };
          case 'continue':
          case 'break':
            continue;
          case 'return': {
            e.tell(`${place} → return`, 'pass');
            const back = stack.pop();
            if (!back) return policy(base, e);
            ({ chain, next: position } = back);
            e.chain = chain;
            continue;
          }
          case 'jump':
          case 'goto': {
            const next = table.chains.get(verdict.chain);
            if (!next || stack.length >= JUMP_STACK_SIZE) {
              const why = next ? 'which is too deep' : 'which was not read';
              return { kind: 'unknown', missing: e.missing(`chain ${verdict.chain}, ${why}`), steps: e.steps };
            }
            e.tell(telling ? `${place} → ${verdict.chain}` : '', 'pass');
            if (verdict.code === 'jump') stack.push({ chain, next: position });
            chain = next;
            position = 0;
            e.chain = chain;
            continue;
          }
          default:
            return assertNever(verdict);
        }
      }
    }
  }
}

/** `break` of a verdict is as good as that of an expression. */
function runRule(e: Evaluation): Outcome {
  const { rule } = e;
  if (rule === null) return 'next';
  const { expressions } = rule;
  const observed = e.context.walk.lens !== null;
  rule.evaluators ??= expressions.map(evaluatorOf);
  const { evaluators } = rule;
  let said: string | null = null;
  for (e.at = 0; e.at < expressions.length; e.at++) {
    const expression = expressions[e.at] as (typeof expressions)[number];
    const outcome = observed ? evaluate(expression, e) : (evaluators[e.at] as ExpressionEvaluator)(expression, e);
    if (outcome === 'next') continue;
    if (outcome === 'break') return 'break';
    if (outcome.does === 'next') {
      if (outcome.said !== '') said = said === null ? outcome.said : `${said}; ${outcome.said}`;
      continue;
    }
    if (outcome.does === 'verdict' && outcome.verdict.code === 'break') return 'break';
    if (outcome.does === 'verdict' && outcome.verdict.code === 'continue') continue;
    return outcome;
  }
  return said === null ? 'next' : { does: 'next', said };
}

function policy(base: NftBase, e: Evaluation): NftResult {
  const { name } = base.chain.chain;
  e.remember('policy', name);
  e.rule = null;
  if (base.policy === 'accept') return { kind: 'accept', packet: e.packet, steps: e.steps, last: 'policy accept' };
  return { kind: 'drop', chain: name, rule: null, with: '', code: 0, steps: e.steps, said: 'policy drop' };
}
