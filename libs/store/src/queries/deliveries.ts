/**
 * Webhook deliveries: the rows are the truth, the queue in Redis is rebuilt from them. An attempt is claimed before it is made, so that
 * it is made once whatever the queue says, and no receiver gets more at the same time than it should. Whoever locks both locks the
 * endpoint first.
 */
import type { WebhookEventType } from '@netverdict/contracts';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../schema.ts';
import type { DeliveryState, WebhookAttemptsTable, WebhookDeliveriesTable, WebhooksTable } from '../schema-webhooks.ts';

export type DeliveryRow = Selectable<WebhookDeliveriesTable>;
export type AttemptRow = Selectable<WebhookAttemptsTable>;

/** Of a receiver, after an attempt. */
export interface Health {
  readonly failures: number;
  /** No attempts for so long; null: they may go on. */
  readonly pauseMs: number | null;
}

export interface AttemptResult {
  readonly id: string;
  /** The number that was claimed. */
  readonly attempt: number;
  readonly durationMs: number;
  /** HTTP status; null when there was no answer. */
  readonly status: number | null;
  /** null: delivered. */
  readonly error: string | null;
  /** Milliseconds until the next attempt; null: none will follow. */
  readonly retryInMs: number | null;
  /** How it goes with the receiver now, by how it went before. */
  readonly health: (failures: number) => Health;
  /** Switch the webhook off, for this reason. */
  readonly disable: string | null;
}

export interface Claimed {
  readonly delivery: DeliveryRow;
  /** null: a callbackUrl, or the webhook is gone. */
  readonly webhook: Selectable<WebhooksTable> | null;
}

export interface DeliveryFilter {
  readonly webhook?: string;
  readonly diagnosis?: string;
  readonly incident?: string;
  readonly state?: DeliveryState;
  readonly eventType?: WebhookEventType;
  /** Continue below this one: newest first. */
  readonly before?: number;
  readonly limit: number;
}

export interface DeliveryQueries {
  /** A delivery that a person asks for, to a registered webhook. */
  add(delivery: {
    readonly id: string;
    readonly webhookId: string;
    readonly eventType: WebhookEventType;
    readonly url: string;
    readonly data: unknown;
  }): Promise<void>;
  get(id: string): Promise<DeliveryRow | null>;
  /** Newest first. */
  attempts(id: string, limit: number): Promise<readonly AttemptRow[]>;
  ofDiagnosis(diagnosisId: string): Promise<readonly DeliveryRow[]>;
  list(filter: DeliveryFilter): Promise<readonly DeliveryRow[]>;
  /** Whose time has come and whose receiver has room, the oldest of each; a receiver that is tried again gets one. */
  due(of: {
    readonly limit: number;
    readonly endpoint?: string;
    readonly trustedBelow: number;
  }): Promise<readonly Pick<DeliveryRow, 'id' | 'attempts'>[]>;
  /** null: not its time, somebody else's, or its receiver has no room. A receiver with so many failures gets one attempt at a time. */
  claim(
    id: string,
    attempt: number,
    of: { readonly leaseMs: number; readonly trustedBelow: number },
  ): Promise<Claimed | null>;
  /** Writes down an attempt; an ended delivery, or one with a later attempt, stays as it is. */
  record(result: AttemptResult): Promise<void>;
  /** Ends what was not to be delivered in its time. Resolves with how many. */
  giveUp(): Promise<number>;
  /** Once more from the beginning, under the same id. false: there is no such ended delivery. */
  redeliver(id: string): Promise<boolean>;
  /** All dead letters of a webhook that were recorded since. */
  redeliverFailed(webhookId: string, since: Date): Promise<number>;
  /** Ended before, or without a webhook. */
  deleteFinishedBefore(instant: Date): Promise<number>;
}

const ms = (value: number) => sql`make_interval(secs => ${value / 1000}::double precision)`;
const AGAIN = sql`state = 'pending', attempts_before = attempts, next_attempt_at = now(), finished_at = null, claimed_until = null,
  give_up_at = now() + interval '2 days'`;
/** Our clock and the database's differ a little. */
const SLACK = sql.raw(`interval '1 second'`);

export function deliveryQueries(db: Kysely<Database>): DeliveryQueries {
  const told = () => sql`select pg_notify('netverdict_webhooks', '')`.execute(db);
  return {
    async add({ id, webhookId, eventType, url, data }) {
      await sql`insert into webhook_deliveries (id, webhook_id, event_type, url, data, state, created_at, next_attempt_at)
        values (${id}, ${webhookId}, ${eventType}, ${url}, ${JSON.stringify(data)}::json, 'pending', now(), now())`.execute(
        db,
      );
    },

    async get(id) {
      return (await db.selectFrom('webhook_deliveries').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
    },

    async attempts(id, limit) {
      const all = db.selectFrom('webhook_attempts').selectAll().where('delivery_id', '=', id);
      return await all.orderBy('seq', 'desc').limit(limit).execute();
    },

    async ofDiagnosis(diagnosisId) {
      return await db
        .selectFrom('webhook_deliveries')
        .selectAll()
        .where('diagnosis_id', '=', diagnosisId)
        .orderBy('seq')
        .execute();
    },

    async list(filter) {
      let query = db.selectFrom('webhook_deliveries').selectAll();
      if (filter.webhook !== undefined) query = query.where('webhook_id', '=', filter.webhook);
      if (filter.diagnosis !== undefined) query = query.where('diagnosis_id', '=', filter.diagnosis);
      if (filter.incident !== undefined) query = query.where('incident_id', '=', filter.incident);
      if (filter.state !== undefined) query = query.where('state', '=', filter.state);
      if (filter.eventType !== undefined) query = query.where('event_type', '=', filter.eventType);
      if (filter.before !== undefined) query = query.where('seq', '<', filter.before);
      return await query.orderBy('seq', 'desc').limit(filter.limit).execute();
    },

    async due({ limit, endpoint = null, trustedBelow }) {
      const { rows } = await sql<Pick<DeliveryRow, 'id' | 'attempts'>>`
        select due.id, due.attempts from webhook_endpoints e cross join lateral (
          select d.id, d.attempts from webhook_deliveries d
          where d.endpoint = e.key and d.state = 'pending' and d.next_attempt_at <= now()
            and (d.claimed_until is null or d.claimed_until <= now())
          order by d.next_attempt_at, d.seq
          limit case when e.failures >= ${trustedBelow}::int then 1 else 2 * e.concurrency end) due
        where (e.open_until is null or e.open_until <= now()) and (${endpoint}::text is null or e.key = ${endpoint}::text)
        limit ${limit}`.execute(db);
      return rows;
    },

    claim: (id, attempt, { leaseMs, trustedBelow }) =>
      db.transaction().execute(async (tx) => {
        // Held, so that what is counted below is all there is. A statement sees what was committed before it began: hence two.
        const { rows: endpoints } = await sql<{ key: string; concurrency: number; failures: number; open: boolean }>`
          select e.key, e.concurrency, e.failures, coalesce(e.open_until > now() + ${SLACK}, false) as open
          from webhook_endpoints e join webhook_deliveries d on d.endpoint = e.key where d.id = ${id} for update of e`.execute(
          tx,
        );
        const [endpoint] = endpoints;
        if (endpoint === undefined || endpoint.open) return null;
        const most = endpoint.failures >= trustedBelow ? 1 : endpoint.concurrency;
        const { rows } = await sql<DeliveryRow>`update webhook_deliveries set claimed_until = now() + ${ms(leaseMs)}
          where id = ${id} and attempts = ${attempt} and state = 'pending' and next_attempt_at <= now() + ${SLACK}
            and (claimed_until is null or claimed_until <= now())
            and (select count(*) from webhook_deliveries o where o.endpoint = ${endpoint.key} and o.claimed_until > now()) < ${most}
          returning *`.execute(tx);
        const [delivery] = rows;
        if (delivery === undefined) return null;
        const webhook =
          delivery.webhook_id === null
            ? null
            : await tx.selectFrom('webhooks').selectAll().where('id', '=', delivery.webhook_id).executeTakeFirst();
        return { delivery, webhook: webhook ?? null };
      }),

    record: ({ id, attempt, durationMs, status, error, retryInMs, health, disable }) =>
      db.transaction().execute(async (tx) => {
        const { rows } = await sql<{ key: string; failures: number; webhook_id: string | null }>`
          select e.key, e.failures, d.webhook_id from webhook_endpoints e join webhook_deliveries d on d.endpoint = e.key
          where d.id = ${id} for update of e`.execute(tx);
        const [endpoint] = rows;
        if (endpoint === undefined) return;
        const state: DeliveryState = error === null ? 'delivered' : retryInMs === null ? 'failed' : 'pending';
        await sql`update webhook_deliveries set state = ${state}, attempts = attempts + 1, last_status = ${status},
          last_error = ${error}, next_attempt_at = now() + ${ms(retryInMs ?? 0)}, claimed_until = null,
          finished_at = case when ${state} = 'pending' then null else now() end
          where id = ${id} and state = 'pending' and attempts = ${attempt}`.execute(tx);
        await sql`insert into webhook_attempts (delivery_id, attempt, duration_ms, status, error)
          select id, ${attempt + 1}, ${durationMs}, ${status}, ${error} from webhook_deliveries where id = ${id}`.execute(
          tx,
        );
        const now = health(endpoint.failures);
        await sql`update webhook_endpoints set failures = ${now.failures},
          open_until = ${now.pauseMs === null ? sql`null` : sql`now() + ${ms(now.pauseMs)}`}
          where key = ${endpoint.key}`.execute(tx);
        if (disable === null || endpoint.webhook_id === null) return;
        await sql`update webhooks set enabled = false, disabled_reason = ${disable}, updated_at = now()
          where id = ${endpoint.webhook_id}`.execute(tx);
        await sql`update webhook_deliveries set state = 'failed', last_error = ${`not sent: ${disable}`}, finished_at = now()
          where webhook_id = ${endpoint.webhook_id} and state = 'pending' and id <> ${id}
            and (claimed_until is null or claimed_until <= now())`.execute(tx);
      }),

    async giveUp() {
      // Retention may take an endpoint away while a delivery to it is being recorded.
      await sql`insert into webhook_endpoints (key) select distinct endpoint from webhook_deliveries d
        where state = 'pending' and not exists (select from webhook_endpoints where key = d.endpoint)
        on conflict do nothing`.execute(db);
      const { numAffectedRows } = await sql`update webhook_deliveries set state = 'failed', finished_at = now(),
        last_error = coalesce(last_error || '; ', '') || 'given up: its receiver took nothing for two days'
        where state = 'pending' and give_up_at < now() and (claimed_until is null or claimed_until <= now())`.execute(
        db,
      );
      return Number(numAffectedRows ?? 0n);
    },

    async redeliver(id) {
      const { numAffectedRows } = await sql`update webhook_deliveries set ${AGAIN}
        where id = ${id} and state <> 'pending'`.execute(db);
      if (numAffectedRows === 0n || numAffectedRows === undefined) return false;
      await told();
      return true;
    },

    async redeliverFailed(webhookId, since) {
      const { numAffectedRows } = await sql`update webhook_deliveries set ${AGAIN}
        where webhook_id = ${webhookId} and state = 'failed' and created_at >= ${since} and event_type <> 'webhook.ping'`.execute(
        db,
      );
      await told();
      return Number(numAffectedRows ?? 0n);
    },

    async deleteFinishedBefore(instant) {
      const { numAffectedRows } = await sql`delete from webhook_deliveries d where finished_at < ${instant}`.execute(
        db,
      );
      await sql`delete from webhook_endpoints e where not exists (select from webhooks where id = e.key)
        and not exists (select from webhook_deliveries where endpoint = e.key)`.execute(db);
      return Number(numAffectedRows ?? 0n);
    },
  };
}
