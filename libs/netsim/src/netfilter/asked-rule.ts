/** A rule of iptables ready to be asked: what each packet would have to find out about it anew. */
import type { XtMatch, XtRule } from '@netverdict/linux-net';
import type { Feature } from '../walk/features/index.ts';
import type { Answer, NotThere, RuleContext } from './context.ts';
import { chanceOf, MATCHES } from './matches/index.ts';
import type { CompiledChain } from './ruleset.ts';
import { changesNothing } from './targets/index.ts';

export interface AskedMatch {
  readonly match: XtMatch;
  readonly evaluate: (match: XtMatch, context: RuleContext) => Answer | NotThere;
  readonly negate: boolean;
  readonly feature: Feature;
}

export interface AskedRule {
  readonly rule: XtRule;
  readonly matches: readonly AskedMatch[];
  /** How likely a packet that matches is taken; null: no lot is drawn. */
  readonly chance: number | null;
  /** The packet is the same afterwards and goes on. */
  readonly idle: boolean;
  readonly targetFeature: Feature | null;
  /** Where a jump or goto leads; undefined: not looked up yet. */
  next: CompiledChain | null | undefined;
}

export function askedRule(chain: CompiledChain, position: number): AskedRule {
  const made = chain.asked[position];
  if (made !== undefined) return made;
  const rule = chain.rules[position] as XtRule;
  const asked: AskedRule = {
    rule,
    matches: rule.matches.map(askedMatch),
    chance: chanceOfAll(rule),
    idle: changesNothing(rule.target),
    targetFeature: rule.target === null ? null : `xt-target/${rule.target.kind}`,
    next: undefined,
  };
  chain.asked[position] = asked;
  return asked;
}

function askedMatch(match: XtMatch): AskedMatch {
  return {
    match,
    evaluate: MATCHES[match.kind] as AskedMatch['evaluate'],
    negate: match.kind !== 'unsupported' && match.negate,
    feature: `xt-match/${match.kind}`,
  };
}

function chanceOfAll(rule: XtRule): number | null {
  let chance: number | null = null;
  for (const match of rule.matches) {
    const share = chanceOf(match);
    if (share !== null) chance = (chance ?? 1) * share;
  }
  return chance;
}

/** As `evaluateMatch` says it. */
export function ask({ match, evaluate, negate }: AskedMatch, context: RuleContext): Answer {
  const answer = evaluate(match, context);
  if (answer === null) return false;
  return typeof answer === 'boolean' && negate ? !answer : answer;
}
