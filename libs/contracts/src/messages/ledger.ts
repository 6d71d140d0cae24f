/**
 * What an agent has counted since its start (`epoch`): numbers only grow. It travels with each batch and each heartbeat, so that eventproc
 * can tell whether everything that was seen has come, or where it was lost.
 */
import Type, { type Static } from 'typebox';

const Count = Type.Integer({ minimum: 0 });

/**
 * Of one probe, over all lives of the sidecar:
 * seen = filtered + sampledAway + lost + aggregated, and
 * aggregated = reported + elsewhere + lostBefore + what the tables hold just now.
 */
export const ProbeLedger = Type.Object({
  name: Type.String({ maxLength: 64 }),
  seen: Count,
  filtered: Count,
  sampledAway: Count,
  aggregated: Count,
  lost: Count,
  /** The kernel did not run the program: not in `seen`. */
  missed: Count,
  /** Of what was aggregated: told in anomalies of this probe. */
  reported: Count,
  /** In namespaces that are not this node's (several nodes on one kernel): not told. */
  elsewhere: Count,
  /** Counted in the kernel and lost before it could be told: the sidecar ended, or a window could not be told. */
  lostBefore: Count,
});
export type ProbeLedger = Static<typeof ProbeLedger>;

/** What of a probe is counted, and only grows. */
export const PROBE_COUNTERS = [
  'seen',
  'filtered',
  'sampledAway',
  'aggregated',
  'lost',
  'missed',
  'reported',
  'elsewhere',
  'lostBefore',
] as const satisfies readonly Exclude<keyof ProbeLedger, 'name'>[];

/** Batches of one epoch from `from` to `to`, with `count` anomalies in them. */
export const DroppedBatches = Type.Object({
  from: Type.Integer({ minimum: 1 }),
  to: Type.Integer({ minimum: 1 }),
  /** Anomalies in all batches before `from`. */
  before: Count,
  count: Count,
});
export type DroppedBatches = Static<typeof DroppedBatches>;

export const AgentLedger = Type.Object({
  /** By the node's clock. */
  at: Type.String({ format: 'date-time' }),
  /** Anomalies (the sum of their counts) in all batches before this one; in a heartbeat: in all batches up to `lastSeq`. */
  before: Count,
  probes: Type.Array(ProbeLedger, { maxItems: 100 }),
  /** What the spool threw away, told until a batch that tells it has been stored by the bus. */
  dropped: Type.Array(DroppedBatches, { maxItems: 1000 }),
});
export type AgentLedger = Static<typeof AgentLedger>;
