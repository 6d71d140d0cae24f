/**
 * What decides a diagnosis: by that two answers to the same question are the same or not (ADR 23). The codes and hops of the findings that
 * block, without times, counters and addresses, in an order of their own: the simulator's order may differ from run to run.
 */
import type { Deciding, VerdictReached } from '@netverdict/contracts';
import type { StoredProblem } from '@netverdict/store';

const keyOf = ({ code, hop }: Deciding): string => `${code} ${hop ?? ''}`;

export function decidingOf({ findings }: Pick<VerdictReached['diagnosis'], 'findings'>): Deciding[] {
  const blocking = findings.filter(({ severity }) => severity === 'blocking').map(({ code, hop }) => ({ code, hop }));
  const once = new Map(blocking.map((one) => [keyOf(one), one]));
  return [...once].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/** Names that lead nowhere, and what the question's ends do not have: asked again, it fails again until something changes. */
const OF_THE_QUESTION = /^(unknown-|family-mismatch|unsupported-|ambiguous-|not-)/;

/** null: it says nothing of the question. */
export const decidingOfFailure = ({ type }: Pick<StoredProblem, 'type'>): Deciding[] | null =>
  OF_THE_QUESTION.test(type) ? [{ code: type, hop: null }] : null;
