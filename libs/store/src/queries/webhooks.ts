/** Webhook deliveries: the rows are the truth, the queue in Redis is rebuilt from them. */
import type { Selectable } from 'kysely';
import { type Kysely, sql } from 'kysely';
import type { Database, WebhookDeliveriesTable } from '../schema.ts';

export type DeliveryRow = Selectable<WebhookDeliveriesTable>;

export interface AttemptResult {
  readonly id: string;
  /** HTTP status; null when there was no answer. */
  readonly status: number | null;
  /** null: delivered. */
  readonly error: string | null;
  /** Milliseconds until the next attempt; null: none will follow. */
  readonly retryInMs: number | null;
}

export interface WebhookQueries {
  get(id: string): Promise<DeliveryRow | null>;
  ofDiagnosis(diagnosisId: string): Promise<readonly DeliveryRow[]>;
  /** Pending deliveries whose time has come, oldest first. */
  due(limit: number): Promise<readonly DeliveryRow[]>;
  /** Writes down an attempt; a delivery that is not pending any more stays as it is. */
  record(result: AttemptResult): Promise<void>;
}

export function webhookQueries(db: Kysely<Database>): WebhookQueries {
  return {
    async get(id) {
      return (await db.selectFrom('webhook_deliveries').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
    },

    async ofDiagnosis(diagnosisId) {
      return await db
        .selectFrom('webhook_deliveries')
        .selectAll()
        .where('diagnosis_id', '=', diagnosisId)
        .orderBy('created_at')
        .execute();
    },

    async due(limit) {
      return await db
        .selectFrom('webhook_deliveries')
        .selectAll()
        .where('state', '=', 'pending')
        .where('next_attempt_at', '<=', sql<Date>`now()`)
        .orderBy('next_attempt_at')
        .limit(limit)
        .execute();
    },

    async record({ id, status, error, retryInMs }) {
      const state = error === null ? 'delivered' : retryInMs === null ? 'failed' : 'pending';
      await sql`update webhook_deliveries set state = ${state}, attempts = attempts + 1, last_status = ${status},
        last_error = ${error},
        next_attempt_at = now() + make_interval(secs => ${(retryInMs ?? 0) / 1000}::double precision),
        finished_at = case when ${state} = 'pending' then null else now() end
        where id = ${id} and state = 'pending'`.execute(db);
    },
  };
}
