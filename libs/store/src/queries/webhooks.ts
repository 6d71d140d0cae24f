/** Registered webhooks. Written and read by api; whom an event is told to is decided by triggers (migration 0012). */
import type { WebhookEventType, WebhookFilter } from '@netverdict/contracts';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../schema.ts';
import type { WebhooksTable } from '../schema-webhooks.ts';

/** With how it goes with its receiver. */
export interface WebhookRow extends Selectable<WebhooksTable> {
  readonly concurrency: number;
  readonly failures: number;
  readonly open_until: Date | null;
}

export interface WebhookSettings {
  readonly url: string;
  readonly eventTypes: readonly WebhookEventType[];
  readonly filter: WebhookFilter;
  readonly description: string;
  readonly concurrency: number;
  readonly enabled: boolean;
}

export interface NewWebhook extends Omit<WebhookSettings, 'enabled'> {
  readonly id: string;
  /** Sealed. */
  readonly secret: string;
  readonly tokenId: string;
}

export interface WebhookQueries {
  add(webhook: NewWebhook): Promise<void>;
  get(id: string): Promise<WebhookRow | null>;
  /** Newest first. */
  list(page: { readonly before?: string; readonly limit: number }): Promise<readonly WebhookRow[]>;
  /** What is absent stays. */
  change(id: string, change: Partial<WebhookSettings>): Promise<boolean>;
  /** The former secret signs for so long too. */
  rotate(id: string, secret: string, overlapMs: number): Promise<boolean>;
  /** With all its deliveries. */
  remove(id: string): Promise<boolean>;
}

function columnsOf({ url, eventTypes, filter, description, enabled }: Partial<WebhookSettings>) {
  return {
    ...(url === undefined ? {} : { url }),
    ...(eventTypes === undefined ? {} : { event_types: [...eventTypes] }),
    ...(description === undefined ? {} : { description }),
    ...(enabled === undefined ? {} : { enabled, disabled_reason: null }),
    ...(filter === undefined
      ? {}
      : {
          clusters: filter.clusters ?? null,
          namespaces: filter.namespaces ?? null,
          outcomes: filter.outcomes ?? null,
          severities: filter.severities ?? null,
          kinds: filter.kinds ?? null,
        }),
  };
}

export function webhookQueries(db: Kysely<Database>): WebhookQueries {
  const rows = () =>
    db
      .selectFrom('webhooks')
      .leftJoin('webhook_endpoints', 'webhook_endpoints.key', 'webhooks.id')
      .selectAll('webhooks')
      .select((eb) => [
        eb.fn.coalesce('webhook_endpoints.concurrency', sql<number>`4`).as('concurrency'),
        eb.fn.coalesce('webhook_endpoints.failures', sql<number>`0`).as('failures'),
        'webhook_endpoints.open_until',
      ]);
  return {
    async add(webhook) {
      const { id, secret, tokenId, concurrency } = webhook;
      await db.transaction().execute(async (tx) => {
        await tx
          .insertInto('webhooks')
          .values({
            id,
            secret,
            token_id: tokenId,
            url: webhook.url,
            description: webhook.description,
            event_types: [...webhook.eventTypes],
            enabled: true,
            ...columnsOf({ filter: webhook.filter }),
          })
          .execute();
        await tx.insertInto('webhook_endpoints').values({ key: id, concurrency }).execute();
      });
    },

    async get(id) {
      return (await rows().where('webhooks.id', '=', id).executeTakeFirst()) ?? null;
    },

    async list({ before, limit }) {
      const query = before === undefined ? rows() : rows().where('webhooks.id', '<', before);
      return await query.orderBy('webhooks.id', 'desc').limit(limit).execute();
    },

    async change(id, change) {
      return await db.transaction().execute(async (tx) => {
        const { numUpdatedRows } = await tx
          .updateTable('webhooks')
          .set({ ...columnsOf(change), updated_at: sql<Date>`now()` })
          .where('id', '=', id)
          .executeTakeFirst();
        // A new address, or the word that it works again, is a new beginning.
        const anew = change.url !== undefined || change.enabled === true ? { failures: 0, open_until: null } : {};
        const most = change.concurrency === undefined ? {} : { concurrency: change.concurrency };
        if (Object.keys({ ...anew, ...most }).length > 0)
          await tx
            .updateTable('webhook_endpoints')
            .set({ ...anew, ...most })
            .where('key', '=', id)
            .execute();
        return numUpdatedRows > 0n;
      });
    },

    async rotate(id, secret, overlapMs) {
      // Of three in a row the first does not sign any more.
      const { numAffectedRows } = await sql`update webhooks set previous_secret = secret, secret = ${secret},
        previous_until = now() + make_interval(secs => ${overlapMs / 1000}::double precision), updated_at = now()
        where id = ${id}`.execute(db);
      return (numAffectedRows ?? 0n) > 0n;
    },

    async remove(id) {
      return await db.transaction().execute(async (tx) => {
        const { numDeletedRows } = await tx.deleteFrom('webhooks').where('id', '=', id).executeTakeFirst();
        await tx.deleteFrom('webhook_deliveries').where('webhook_id', '=', id).execute();
        await tx.deleteFrom('webhook_endpoints').where('key', '=', id).execute();
        return numDeletedRows > 0n;
      });
    },
  };
}
