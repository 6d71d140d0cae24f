/** The tables of batches as Kysely sees them. Their counts are kept by triggers (migration 0015). */
import type { DiagnosisRequest } from '@netverdict/contracts';
import type { Generated } from 'kysely';
import type { Json, NullableInstant } from './columns.ts';

export interface DiagnosisBatchesTable {
  id: string;
  cluster: string;
  /** Of all ends, for the filters of webhooks. */
  namespaces: string[];
  description: string;
  token_id: string;
  /** Of who asked; null: all. */
  visible_namespaces: string[] | null;
  idempotency_key: string | null;
  request_hash: string;
  callback_url: string | null;
  flows: number;
  waiting: number;
  running: Generated<number>;
  reachable: Generated<number>;
  unreachable: Generated<number>;
  partially_reachable: Generated<number>;
  undetermined: Generated<number>;
  failed: Generated<number>;
  cancelled: Generated<number>;
  /** Grows with each change. */
  version: Generated<number>;
  created_at: Generated<Date>;
  cancelled_at: NullableInstant;
  finished_at: NullableInstant;
}

export type BatchFlowState = 'waiting' | 'running' | 'completed' | 'failed' | 'cancelled';

export interface DiagnosisBatchFlowsTable {
  batch_id: string;
  /** Place in the request, from 0. */
  n: number;
  state: BatchFlowState;
  request: Json<DiagnosisRequest>;
  source: string;
  destination: string;
  /** null: not begun. */
  diagnosis_id: string | null;
  outcome: string | null;
}
