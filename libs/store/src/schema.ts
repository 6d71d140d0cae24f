/** The tables as Kysely sees them. migrations/ makes them; the two are compared by the integration tests. */
import type { Deciding, DiagnosisRequest, ProbeSettingsByName, Stage, Timing } from '@netverdict/contracts';
import type { Generated } from 'kysely';
import type { Instant, Json, NullableInstant, NullableJson } from './columns.ts';
import type { DiagnosisBatchesTable, DiagnosisBatchFlowsTable } from './schema-batches.ts';
import type { CapturesTable } from './schema-captures.ts';
import type {
  AccountingTable,
  AddressesTable,
  AgentsTable,
  BatchLedgerTable,
  EventsTable,
  FlowsTable,
  IncidentGroupsTable,
  IncidentsTable,
} from './schema-monitoring.ts';
import type { PingMeshesTable, PingRoundsTable } from './schema-ping-meshes.ts';
import type { ScheduleRunsTable, SchedulesTable } from './schema-schedules.ts';
import type { ApiTokensTable, AuditLogTable } from './schema-tokens.ts';
import type {
  WebhookAttemptsTable,
  WebhookDeliveriesTable,
  WebhookEndpointsTable,
  WebhooksTable,
} from './schema-webhooks.ts';

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
  /** Who asked may see these; null: all. */
  visible_namespaces: string[] | null;
  /** The names in the request are those that the asker gave; not, where it is somebody else's question asked again. */
  names_given: boolean;
  batch_id: string | null;
  schedule_id: string | null;
  /** What decides, by which two answers are compared: see the api's domain/deciding.ts. */
  deciding: NullableJson<readonly Deciding[]>;
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

/** A change of what agents' probes are to do: a row per node, or one with an empty node for all of the cluster. Rows are never changed. */
export interface AgentConfigurationTable {
  cluster: string;
  version: number;
  node: string;
  probes: Json<ProbeSettingsByName>;
  changed_at: Generated<Date>;
  changed_by: string;
  reason: string | null;
}

export interface Database {
  diagnoses: DiagnosesTable;
  progress: ProgressTable;
  api_tokens: ApiTokensTable;
  audit_log: AuditLogTable;
  webhooks: WebhooksTable;
  webhook_deliveries: WebhookDeliveriesTable;
  webhook_attempts: WebhookAttemptsTable;
  webhook_endpoints: WebhookEndpointsTable;
  events: EventsTable;
  incidents: IncidentsTable;
  incident_groups: IncidentGroupsTable;
  addresses: AddressesTable;
  flows: FlowsTable;
  accounting: AccountingTable;
  batch_ledger: BatchLedgerTable;
  agents: AgentsTable;
  agent_configuration: AgentConfigurationTable;
  captures: CapturesTable;
  ping_meshes: PingMeshesTable;
  ping_rounds: PingRoundsTable;
  diagnosis_batches: DiagnosisBatchesTable;
  diagnosis_batch_flows: DiagnosisBatchFlowsTable;
  schedules: SchedulesTable;
  schedule_runs: ScheduleRunsTable;
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
