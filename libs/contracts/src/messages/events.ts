/** The anomaly stream: batches from the agents, stored as events by eventproc. */
import Type, { type Static } from 'typebox';
import { BudgetReport, ConfigurationReport } from './agent-configuration.ts';
import { FlowRecord } from './flows.ts';
import { AgentLedger } from './ledger.ts';
import { SpoolReport } from './spool-report.ts';
import { WorkloadRef } from './workload.ts';

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
  Type.Literal('tcp-zero-window'),
  Type.Literal('conntrack-insert-fail'),
  Type.Literal('conntrack-drop'),
  Type.Literal('conntrack-invalid'),
  Type.Literal('conntrack-pressure'),
  Type.Literal('agent-started'),
  Type.Literal('agent-degraded'),
  /** Of the eBPF probes, from here on. */
  Type.Literal('packet-drop'),
  Type.Literal('tcp-reset-received'),
  Type.Literal('tcp-connect-fail'),
  Type.Literal('tcp-connect-slow'),
  Type.Literal('tcp-connection-lost'),
  Type.Literal('neighbour-fail'),
  Type.Literal('icmp-error-sent'),
  Type.Literal('icmp-error-received'),
  /** Something took longer than the probe's threshold; each sample's value is how long, in microseconds. */
  Type.Literal('softirq-slow'),
  Type.Literal('socket-slow'),
  Type.Literal('transmit-slow'),
  Type.Literal('receive-slow'),
  Type.Literal('dns-error'),
  Type.Literal('dns-slow'),
  Type.Literal('dns-unanswered'),
  /** Nothing was watched from windowStart to windowEnd: the sidecar was away. */
  Type.Literal('watch-gap'),
  /** `count` events happened of which nothing else is known. */
  Type.Literal('watch-lost'),
]);
export type AnomalyKind = Static<typeof AnomalyKind>;

/** Null ports: the protocol has none, or the kernel chose it and events were counted together whatever it was. */
export const AnomalyTuple = Type.Object({
  family: Type.Union([Type.Literal('ipv4'), Type.Literal('ipv6')]),
  protocol: Type.Integer({ minimum: 0, maximum: 255 }),
  source: Type.Union([Type.String(), Type.Null()]),
  sourcePort: Type.Union([Type.Integer(), Type.Null()]),
  destination: Type.Union([Type.String(), Type.Null()]),
  destinationPort: Type.Union([Type.Integer(), Type.Null()]),
});
export type AnomalyTuple = Static<typeof AnomalyTuple>;

/** One of the events that were counted, in full. */
export const AnomalySample = Type.Object({
  at: Type.String({ format: 'date-time' }),
  tuple: Type.Union([AnomalyTuple, Type.Null()]),
  bytes: Type.Integer(),
  /** What the probe measured, where it measures something. */
  value: Type.Optional(Type.Integer()),
  /** The kernel's functions, innermost first. */
  stack: Type.Optional(Type.Array(Type.String())),
});
export type AnomalySample = Static<typeof AnomalySample>;

export const Anomaly = Type.Object({
  kind: AnomalyKind,
  /** The namespace's inode; the pod where CRI told it; null is the node itself. */
  netns: Type.Integer(),
  pod: Type.Union([Type.Object({ namespace: Type.String(), name: Type.String() }), Type.Null()]),
  /** What owns the pod, where the runtime's labels tell it. */
  workload: Type.Optional(WorkloadRef),
  /** Which container's process it was, where a socket tells its cgroup. */
  container: Type.Optional(Type.String()),
  /** How many since the last report of this (netns, kind). */
  count: Type.Integer({ minimum: 1 }),
  windowStart: Type.String({ format: 'date-time' }),
  windowEnd: Type.String({ format: 'date-time' }),
  /** Which eBPF probe saw it; absent: a counter of the kernel grew. */
  probe: Type.Optional(Type.String()),
  /** The kernel's own word for why, without its prefix: NETFILTER_DROP, IP_RPFILTER, ECONNREFUSED, … */
  reason: Type.Optional(Type.String()),
  /** The kernel's function in which it happened. */
  function: Type.Optional(Type.String()),
  /** The netfilter hook, where that function is called from one. */
  hook: Type.Optional(Type.String()),
  direction: Type.Optional(Type.Union([Type.Literal('in'), Type.Literal('out')])),
  tuple: Type.Optional(AnomalyTuple),
  /** The far end of it, as pod or address. */
  peer: Type.Optional(Type.String()),
  bytes: Type.Optional(Type.Integer()),
  /** Further facts, by name: a TCP state, an ICMP type. */
  details: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]))),
  /** Of so many events one was counted: the true number is about count × oneIn. */
  oneIn: Type.Optional(Type.Integer({ minimum: 2 })),
  samples: Type.Optional(Type.Array(AnomalySample)),
});
export type Anomaly = Static<typeof Anomaly>;

export const AnomalyBatch = Type.Object({
  node: Type.String(),
  /** New on each start of the agent; with `seq` it names the batch. */
  epoch: Type.String(),
  seq: Type.Integer({ minimum: 1 }),
  anomalies: Type.Array(Anomaly),
  flows: Type.Optional(Type.Array(FlowRecord)),
  ledger: Type.Optional(AgentLedger),
});
export type AnomalyBatch = Static<typeof AnomalyBatch>;

/** A probe as the node has it. Each event seen is in exactly one of the other counts; they only grow until the sidecar starts anew. */
export const ProbeReport = Type.Object({
  name: Type.String(),
  state: Type.Union([Type.Literal('on'), Type.Literal('off'), Type.Literal('unavailable')]),
  /** Why it is unavailable. */
  reason: Type.Optional(Type.String()),
  seen: Type.Integer(),
  filtered: Type.Integer(),
  sampledAway: Type.Integer(),
  aggregated: Type.Integer(),
  lost: Type.Integer(),
  /** The kernel did not run the program: not in `seen`. */
  missed: Type.Integer(),
  /** Values put into its histograms, and those that found no room there. */
  observed: Type.Optional(Type.Integer()),
  unobserved: Type.Optional(Type.Integer()),
  /** When its programs run, and what that takes. */
  cost: Type.Optional(Type.String()),
  /** What it has that is not as it is by default, and for whose sake. */
  settings: Type.Optional(
    Type.Object({
      threshold: Type.Optional(Type.Integer()),
      samples: Type.Optional(Type.Integer()),
      oneIn: Type.Optional(Type.Integer()),
      filter: Type.Optional(Type.String()),
      because: Type.Optional(
        Type.Union([Type.Literal('configuration'), Type.Literal('budget'), Type.Literal('request')]),
      ),
    }),
  ),
});
export type ProbeReport = Static<typeof ProbeReport>;

export const AgentHeartbeat = Type.Object({
  node: Type.String(),
  epoch: Type.String(),
  version: Type.String(),
  kernel: Type.String(),
  lastSeq: Type.Integer(),
  capabilities: Type.Array(Type.String()),
  probes: Type.Optional(Type.Array(ProbeReport)),
  /** Why there are no probes at all, where there are none. */
  watch: Type.Optional(Type.String()),
  /** Absent in an agent that cannot be configured. */
  configuration: Type.Optional(ConfigurationReport),
  budget: Type.Optional(BudgetReport),
  spool: Type.Optional(SpoolReport),
  ledger: Type.Optional(AgentLedger),
});
export type AgentHeartbeat = Static<typeof AgentHeartbeat>;
