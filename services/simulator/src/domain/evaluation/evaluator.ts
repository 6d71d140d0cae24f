/** One evaluation: snapshot and flow to a diagnosis. Runs in the evaluation thread; knows nothing of threads. */
import { WorldCache, withPolicies, withReadTimes } from '@netverdict/bundle';
import { diagnose } from '@netverdict/netsim';
import { expectedOf } from '../expected.ts';
import type { EvaluationJob, EvaluationResult } from './protocol.ts';

export type EvaluationOutcome =
  | { readonly kind: 'result'; readonly result: EvaluationResult }
  | { readonly kind: 'texts-wanted'; readonly digests: readonly string[] };

export class Evaluator {
  readonly #worlds = new WorldCache();

  evaluate(
    { snapshot, flow, names, expect }: EvaluationJob,
    texts: ReadonlyMap<string, string | null>,
  ): EvaluationOutcome {
    const began = performance.now();
    const outcome = this.#worlds.build(snapshot, (digest) => texts.get(digest));
    if (outcome.kind === 'texts-wanted') return outcome;
    const { diagnosis, needs, deciding } = diagnose(outcome.world, flow, names);
    const dated = withReadTimes(withPolicies(diagnosis, flow, snapshot), snapshot);
    const expected = expect ? { expected: expectedOf(outcome.world, flow, diagnosis.trace, snapshot.map) } : {};
    const result = { diagnosis: dated, needs, deciding, simulateMs: performance.now() - began, ...expected };
    return { kind: 'result', result };
  }
}
