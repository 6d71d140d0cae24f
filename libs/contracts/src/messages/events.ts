/** The anomaly stream: batches from the agents, stored as events by eventproc. */
import Type, { type Static } from 'typebox';

export const AnomalyKind = Type.Union([
  Type.Literal('tcp-listen-overflow'),
  Type.Literal('tcp-listen-drop'),
  Type.Literal('tcp-retransmission'),
  Type.Literal('tcp-reset-sent'),
  Type.Literal('tcp-reset-established'),
  Type.Literal('tcp-attempt-fail'),
  Type.Literal('udp-receive-error'),
  Type.Literal('udp-buffer-error'),
  Type.Literal('udp-no-port'),
  Type.Literal('ip-discard'),
  Type.Literal('ip-no-route'),
  Type.Literal('ip-header-error'),
  Type.Literal('link-drop'),
  Type.Literal('agent-started'),
  Type.Literal('agent-degraded'),
]);
export type AnomalyKind = Static<typeof AnomalyKind>;

export const Anomaly = Type.Object({
  kind: AnomalyKind,
  /** The namespace's inode; the pod where CRI told it; null is the node itself. */
  netns: Type.Integer(),
  pod: Type.Union([Type.Object({ namespace: Type.String(), name: Type.String() }), Type.Null()]),
  /** How many since the last report of this (netns, kind). */
  count: Type.Integer({ minimum: 1 }),
  windowStart: Type.String({ format: 'date-time' }),
  windowEnd: Type.String({ format: 'date-time' }),
});
export type Anomaly = Static<typeof Anomaly>;

export const AnomalyBatch = Type.Object({
  node: Type.String(),
  /** New on each start of the agent; with `seq` it names the batch. */
  epoch: Type.String(),
  seq: Type.Integer({ minimum: 1 }),
  anomalies: Type.Array(Anomaly),
});
export type AnomalyBatch = Static<typeof AnomalyBatch>;

export const AgentHeartbeat = Type.Object({
  node: Type.String(),
  epoch: Type.String(),
  version: Type.String(),
  kernel: Type.String(),
  lastSeq: Type.Integer(),
  capabilities: Type.Array(Type.String()),
});
export type AgentHeartbeat = Static<typeof AgentHeartbeat>;
