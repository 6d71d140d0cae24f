/** The tables of schedules as Kysely sees them. The end of a run is written by a trigger (migration 0016). */
import type { Deciding, DiagnosisRequest, ScheduleAnswer } from '@netverdict/contracts';
import type { Generated } from 'kysely';
import type { Instant, Json, NullableInstant, NullableJson } from './columns.ts';
import type { StoredProblem } from './schema.ts';

export interface SchedulesTable {
  id: string;
  name: string;
  cluster: string;
  /** Of both ends, for the filters of webhooks. */
  namespaces: string[];
  request: Json<DiagnosisRequest>;
  source: string;
  destination: string;
  /** Either this or cron. */
  every_ms: number | null;
  cron: string | null;
  /** Of cron. */
  time_zone: string | null;
  callback_url: string | null;
  token_id: string;
  /** Of who asked; null: all. */
  visible_namespaces: string[] | null;
  idempotency_key: string | null;
  request_hash: string;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
  paused_at: NullableInstant;
  /** Why, when nobody asked for that. */
  paused_reason: string | null;
  next_due_at: Instant;
  /** The diagnosis of the run that is under way. */
  running: string | null;
  runs: Generated<number>;
  missed: Generated<number>;
  changes: Generated<number>;
  /** Runs without an answer since the last one with. */
  failures: Generated<number>;
  /** What two answers are compared by. */
  answer_key: string | null;
  answer: NullableJson<ScheduleAnswer>;
}

export type ScheduleRunState = 'running' | 'completed' | 'failed' | 'missed';

export interface ScheduleRunsTable {
  seq: Generated<number>;
  schedule_id: string;
  state: ScheduleRunState;
  /** null: somebody asked for it. Of missed ones the first. */
  due_at: NullableInstant;
  /** Of missed ones the last. */
  until: NullableInstant;
  /** How many were missed. */
  missed: Generated<number>;
  reason: string | null;
  diagnosis_id: string | null;
  started_at: Generated<Date>;
  ended_at: NullableInstant;
  outcome: string | null;
  deciding: NullableJson<readonly Deciding[]>;
  problem: NullableJson<StoredProblem>;
  /** Another answer than the one before. */
  changed: Generated<boolean>;
}
