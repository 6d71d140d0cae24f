/** The tables of monitoring as Kysely sees them: written by eventproc, read by api. */
import type {
  AnomalyKind,
  AnomalySample,
  IncidentVerdict,
  IncidentVerdictState,
  ProbeReport,
} from '@netverdict/contracts';
import type { Generated } from 'kysely';
import type { Instant, Json, NullableInstant, NullableJson } from './columns.ts';

/** Partitioned by day of `window_end`. */
export interface EventsTable {
  id: string;
  cluster: string;
  node: string;
  netns: number;
  pod_namespace: string | null;
  pod_name: string | null;
  /** Who it happened to: `deployment/shop/cart`, `pod/shop/cart-1`, `node/node-1`. */
  workload: string | null;
  kind: AnomalyKind;
  count: number;
  one_in: number | null;
  /** By the node's clock. */
  window_start: Instant;
  window_end: Instant;
  /** By the database's clock. */
  received_at: Generated<Date>;
  probe: string | null;
  reason: string | null;
  function: string | null;
  hook: string | null;
  direction: string | null;
  protocol: number | null;
  source: string | null;
  source_port: number | null;
  destination: string | null;
  destination_port: number | null;
  /** Who the far end is, as far as is known: the same, or `service/shop/cart`, or an address. */
  peer: string | null;
  peer_address: string | null;
  bytes: number | null;
  details: NullableJson<Readonly<Record<string, string | number>>>;
  samples: NullableJson<readonly AnomalySample[]>;
  incident_id: string | null;
  /** Order of arrival, for those who follow: `xact` tells which positions may still be taken by others. */
  position: Generated<number>;
  xact: Generated<string>;
}

export type Severity = 'info' | 'warning' | 'critical';
export type IncidentState = 'open' | 'quiet' | 'resolved';

export interface IncidentsTable {
  id: string;
  cluster: string;
  /** Of kind, workload, peer and what the kernel tells of why. */
  key: string;
  /** What comes now with this key is counted here: one row per key. */
  current: Generated<boolean>;
  kind: AnomalyKind;
  workload: string;
  peer: string;
  direction: string | null;
  reason: string | null;
  function: string | null;
  hook: string | null;
  probe: string | null;
  severity: Severity;
  state: IncidentState;
  state_since: Instant;
  /** Of this episode. */
  opened_at: Instant;
  resolved_at: NullableInstant;
  reopened: Generated<number>;
  /** Anomalies that were counted one by one; `estimated` are those that sampling left out, by its factor. */
  count: number;
  estimated: number;
  /** Rows of `events`. */
  events: number;
  bytes: Generated<number>;
  first_seen: Instant;
  last_seen: Instant;
  nodes: Json<readonly string[]>;
  pods: Json<readonly string[]>;
  samples: Json<readonly AnomalySample[]>;
  /** About how many far ends there are: above 1 where they share an incident. */
  peers: Generated<number>;
  peers_sketch: Buffer | null;
  /** What its diagnosis found (IncidentVerdict.cause): one row for each cause of a key. */
  cause: string | null;
  /** When the last question was asked that found it, and the first since that did not. */
  cause_found_at: NullableInstant;
  cause_ended_at: NullableInstant;
  /** How often in a row the answer was the same. */
  confirmed: Generated<number>;
  diagnosis_id: string | null;
  diagnosis_state: IncidentVerdictState | null;
  verdict: NullableJson<IncidentVerdict>;
  asked_at: NullableInstant;
  /** Of the last change: each update takes a new one (`nextval('incident_positions')`) with its `xact`. */
  position: Generated<number>;
  xact: Generated<string>;
}

export interface IncidentGroupsTable {
  cluster: string;
  key: string;
  peers: number;
}

export interface AddressesTable {
  cluster: string;
  address: string;
  since: Instant;
  until: NullableInstant;
  kind: string;
  namespace: string | null;
  name: string;
  workload: string | null;
  node: string | null;
}

/** Partitioned by day of `bucket`. */
export interface FlowsTable {
  bucket: Instant;
  cluster: string;
  node: string;
  /** Which end told: each connection between two pods is told by both. */
  reporter: 'source' | 'destination';
  /** `pod/shop/cart-1`, `node/node-1`, `service/shop/cart`, or an address. */
  source: string;
  source_workload: string | null;
  destination: string;
  destination_workload: string | null;
  protocol: number;
  /** The destination's. */
  port: number;
  bytes: number;
  packets: number;
  /** From the destination to the source. */
  bytes_back: Generated<number>;
  packets_back: Generated<number>;
  retransmitted: Generated<number>;
  connections: number;
}

/** Partitioned by day of `minute`. `probe` is '' for what is counted per node. */
export interface AccountingTable {
  minute: Instant;
  cluster: string;
  node: string;
  probe: string;
  /** In the kernel; each of them is in exactly one of the next four. */
  seen: Generated<number>;
  filtered: Generated<number>;
  sampled_away: Generated<number>;
  aggregated: Generated<number>;
  lost_kernel: Generated<number>;
  /** The kernel did not run the program: not in `seen`. */
  missed: Generated<number>;
  /** Between the sidecar and the agent. */
  lost_sidecar: Generated<number>;
  /** In a namespace that is not this node's (several nodes on one kernel). */
  elsewhere: Generated<number>;
  /** Handed to the agent's spool. */
  reported: Generated<number>;
  lost_spool: Generated<number>;
  lost_bus: Generated<number>;
  dead_letter: Generated<number>;
  /** Came again and were not stored again: in no sum. */
  duplicate: Generated<number>;
  stored: Generated<number>;
  rows: Generated<number>;
  batches: Generated<number>;
}

export interface BatchLedgerTable {
  cluster: string;
  node: string;
  epoch: string;
  /** int8multirange of the batches that have come. */
  seqs: string;
  /** Not used. */
  told_seq: Generated<number>;
  /** The ledger as eventproc keeps it (BatchLedger). */
  told: NullableJson<unknown>;
  /** Of an epoch that is over: the last that was known of; else 0. */
  judged_seq: Generated<number>;
  first_at: Generated<Date>;
  last_at: Generated<Date>;
}

export interface AgentsTable {
  cluster: string;
  node: string;
  epoch: string;
  version: string;
  kernel: string;
  last_seq: number;
  capabilities: Json<readonly string[]>;
  first_seen: Instant;
  last_seen: Instant;
  probes: NullableJson<readonly ProbeReport[]>;
  /** Why there are no probes. */
  watch: string | null;
  /** Whatever else its heartbeat tells: budgets, versions of its configuration. */
  details: NullableJson<unknown>;
  last_batch_at: NullableInstant;
}
