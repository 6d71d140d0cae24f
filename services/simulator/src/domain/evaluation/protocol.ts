/** What the service's thread and the evaluation thread say to each other. Plain data: it is cloned on the way. */
import type { ExpectedTarget } from '@netverdict/contracts';
import type { Flow, NamespaceKey, Need, SectionKind, Snapshot } from '@netverdict/linux-net';
import type { Diagnosis, VerdictContext } from '@netverdict/verdict';

export interface EvaluationJob {
  readonly flow: Flow;
  readonly names: VerdictContext;
  readonly snapshot: Snapshot;
  /** What a live probe is to be compared with is wanted too. */
  readonly expect?: boolean;
}

export interface EvaluationResult {
  readonly diagnosis: Diagnosis;
  readonly needs: readonly Need[];
  readonly deciding: readonly { readonly namespace: NamespaceKey; readonly kinds: readonly SectionKind[] }[];
  readonly simulateMs: number;
  /** Where the job wants it. */
  readonly expected?: readonly ExpectedTarget[];
}

export type ToEvaluator = {
  readonly id: number;
  readonly job: EvaluationJob;
  /** Texts that the evaluator said it lacks; null: not in the object store. */
  readonly texts: ReadonlyMap<string, string | null>;
};

export type FromEvaluator =
  | {
      readonly kind: 'result';
      readonly id: number;
      readonly result: EvaluationResult;
      /** JSON of the trace, which then is left out of the result: text is cheaper to clone, and to publish. */
      readonly trace?: string;
    }
  | { readonly kind: 'texts-wanted'; readonly id: number; readonly digests: readonly string[] }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
