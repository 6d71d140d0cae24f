/** The tables as Kysely sees them. migrations/ makes them; the two are compared by the integration tests. */
import type { DiagnosisRequest, Stage, Timing } from '@netverdict/contracts';
import type { ColumnType, Generated } from 'kysely';

/** `timestamptz`: read as Date, written as Date or RFC 3339. */
type Instant = ColumnType<Date, Date | string, Date | string>;
type NullableInstant = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
/**
 * `json`, not `jsonb`: nothing is looked up inside, it is cheaper to write, and it keeps a NUL that some kernel text
 * holds. Written as text, so that arrays are not mistaken for PostgreSQL arrays.
 */
type Json<T> = ColumnType<T, string, string>;
type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

/** Why a diagnosis could not be carried out. */
export interface StoredProblem {
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly suggestions: readonly string[];
}

export interface DiagnosesTable {
  id: string;
  cluster: string;
  status: Stage;
  /** Order of the stages, so that an update can demand to move forward only (STATUS_RANK). */
  rank: number;
  message: string;
  request: Json<DiagnosisRequest>;
  request_hash: string;
  token_id: string;
  idempotency_key: string | null;
  source: string;
  destination: string;
  attempt: number;
  accepted_at: Instant;
  updated_at: Instant;
  deadline_at: Instant;
  last_published_at: NullableInstant;
  /** When the sweeper may publish again. */
  next_publish_at: Instant;
  finished_at: NullableInstant;
  outcome: string | null;
  snapshot_digest: string | null;
  /** What the verdict message carried, as received: owned by contracts' VerdictReached. */
  /** See queries/result.ts. */
  result: Buffer | null;
  problem: NullableJson<StoredProblem>;
  timing: NullableJson<Timing>;
  callback_url: string | null;
  traceparent: string | null;
  rerun_of: string | null;
}

export interface ProgressTable {
  seq: Generated<number>;
  diagnosis_id: string;
  key: string;
  attempt: number;
  stage: Stage;
  message: string;
  at: Instant;
}

export type DeliveryState = 'pending' | 'delivered' | 'failed';

export interface WebhookDeliveriesTable {
  id: string;
  diagnosis_id: string;
  url: string;
  state: DeliveryState;
  attempts: number;
  last_status: number | null;
  last_error: string | null;
  created_at: Instant;
  next_attempt_at: Instant;
  finished_at: NullableInstant;
}

export interface EventsTable {
  id: string;
  cluster: string;
  node: string;
  netns: number;
  pod_namespace: string | null;
  pod_name: string | null;
  kind: string;
  count: number;
  window_start: Instant;
  window_end: Instant;
  received_at: Instant;
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
}

export interface Database {
  diagnoses: DiagnosesTable;
  progress: ProgressTable;
  webhook_deliveries: WebhookDeliveriesTable;
  events: EventsTable;
  agents: AgentsTable;
}

/** A status only ever grows by this; the two ends share the highest rank, so that the first of them wins. */
export const STATUS_RANK = {
  accepted: 0,
  resolving: 1,
  collecting: 2,
  simulating: 3,
  completed: 4,
  failed: 4,
} as const satisfies Record<Stage, number>;
export const FINAL_RANK = STATUS_RANK.completed;
export const isFinal = (status: Stage): boolean => STATUS_RANK[status] === FINAL_RANK;
