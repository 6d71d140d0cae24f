/** The messages of one diagnosis, in the order of its way (ARCHITECTURE.md draws it). */
import type { ClusterMap, Flow, Need, Snapshot } from '@netverdict/linux-net';
import type { Diagnosis, LiveProbe } from '@netverdict/verdict';
import Type, { type Static, type TUnsafe } from 'typebox';
import { DiagnosisRequest } from '../request.ts';

/** Data that our own services write and whose type a pure lib owns: its shape is checked by that lib's readers. */
const owned = <T>(description: string): TUnsafe<T> =>
  Type.Unsafe<T>(Type.Object({}, { description, additionalProperties: true }));

const diagnosisId = Type.String({ pattern: '^dg_[0-9a-f-]{36}$' });
const attempt = Type.Integer({ minimum: 1 });
const round = Type.Integer({ minimum: 0, description: 'round of collection: 0 is the intended path' });

export const Stage = Type.Union([
  Type.Literal('accepted'),
  Type.Literal('resolving'),
  Type.Literal('collecting'),
  Type.Literal('simulating'),
  Type.Literal('completed'),
  Type.Literal('failed'),
]);
export type Stage = Static<typeof Stage>;

export const DiagnosisRequested = Type.Object({
  diagnosisId,
  attempt,
  request: DiagnosisRequest,
  deadlineAt: Type.String({ format: 'date-time' }),
});
export type DiagnosisRequested = Static<typeof DiagnosisRequested>;

export const DiagnosisProgress = Type.Object({
  diagnosisId,
  attempt,
  stage: Stage,
  /** What is being waited for, in words: `collecting node-2 (1 of 3 answered)`. */
  message: Type.String(),
});
export type DiagnosisProgress = Static<typeof DiagnosisProgress>;

/** The intended path: what the objects and the CNI's conventions promise. Informative beside the simulated one. */
export interface IntendedPath {
  readonly cni: string | null;
  readonly hops: readonly { readonly place: string; readonly via: string }[];
}

export const Timing = Type.Object({ resolveMs: Type.Number(), collectMs: Type.Number(), simulateMs: Type.Number() });
export type Timing = Static<typeof Timing>;

export const PathBuilt = Type.Object({
  diagnosisId,
  attempt,
  round,
  request: DiagnosisRequest,
  flow: owned<Flow>('Flow'),
  names: Type.Object({ source: Type.String(), destination: Type.String() }),
  intendedPath: owned<IntendedPath>('IntendedPath'),
  /** Manifest of the snapshot: small; its sections lie in the object store under their digests. */
  snapshot: owned<Snapshot>('Snapshot'),
  /** Digest of the canonical manifest. */
  snapshotDigest: Type.String(),
  timing: Timing,
  deadlineAt: Type.String({ format: 'date-time' }),
  /** Present after a recheck: how many there were, and whether the deciding sections had changed at the last. */
  recheck: Type.Optional(Type.Object({ count: Type.Integer({ minimum: 1 }), changed: Type.Boolean() })),
});
export type PathBuilt = Static<typeof PathBuilt>;

export const CollectionNeeded = Type.Object({
  diagnosisId,
  attempt,
  round,
  needs: Type.Array(owned<Need>('Need')),
  /** Read the named sections again although they are young: before a negative verdict. */
  recheck: Type.Boolean(),
  /** With `recheck`: the sections that the verdict rests on; what else changed meanwhile does not matter. */
  deciding: Type.Optional(Type.Array(Type.Object({ namespace: Type.String(), kinds: Type.Array(Type.String()) }))),
  previous: PathBuilt,
});
export type CollectionNeeded = Static<typeof CollectionNeeded>;

export const VerdictReached = Type.Object({
  diagnosisId,
  attempt,
  round,
  diagnosis: owned<Diagnosis>('Diagnosis'),
  flow: owned<Flow>('Flow'),
  intendedPath: owned<IntendedPath>('IntendedPath'),
  snapshot: owned<Snapshot>('Snapshot'),
  snapshotDigest: Type.String(),
  timing: Timing,
  /** What real packets did, where the request asked for it. */
  probe: Type.Optional(owned<LiveProbe>('LiveProbe')),
});
export type VerdictReached = Static<typeof VerdictReached>;

/** The diagnosis cannot be carried out: an unknown name, a port that does not exist, a poisoned message. */
export const DiagnosisFailed = Type.Object({
  diagnosisId,
  attempt,
  /** Last part of the problem type: `unknown-pod`, `unknown-port`, `family-mismatch`, `internal`. */
  problem: Type.String(),
  title: Type.String(),
  detail: Type.String(),
  /** What does exist nearby. */
  suggestions: Type.Array(Type.String()),
});
export type DiagnosisFailed = Static<typeof DiagnosisFailed>;
export type { ClusterMap };
