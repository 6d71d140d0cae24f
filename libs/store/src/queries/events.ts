/** Stored anomalies. Written by eventproc, read by api. */
import type { Kysely, Selectable } from 'kysely';
import type { Database } from '../schema.ts';
import type { EventsTable } from '../schema-monitoring.ts';

export interface StoredEvent {
  /** `<cluster>/<node>/<epoch>/<seq>/<index in the batch>`: the same event twice is one row. */
  readonly id: string;
  readonly cluster: string;
  readonly node: string;
  /** Inode of the namespace. */
  readonly netns: number;
  /** null: the node itself, or a namespace that is no pod's. */
  readonly pod: { readonly namespace: string; readonly name: string } | null;
  readonly kind: string;
  readonly count: number;
  /** RFC 3339. */
  readonly windowStart: string;
  readonly windowEnd: string;
}

export interface EventFilter {
  readonly cluster?: string;
  readonly node?: string;
  /** `namespace/name`. */
  readonly pod?: string;
  readonly kind?: string;
  /** Events whose window ended at or after this (RFC 3339). */
  readonly since?: string;
  /** Continue below this event, newest first. */
  readonly before?: { readonly windowEnd: string; readonly id: string };
  readonly limit: number;
}

export interface EventQueries {
  /** Stores what is not there yet, in one statement; resolves with the number of new rows. */
  insert(events: readonly StoredEvent[]): Promise<number>;
  list(filter: EventFilter): Promise<readonly StoredEvent[]>;
  /** Removes events whose window ended before `instant`; resolves with their number. */
  deleteBefore(instant: string): Promise<number>;
}

export const eventOfRow = (row: Selectable<EventsTable>): StoredEvent => ({
  id: row.id,
  cluster: row.cluster,
  node: row.node,
  netns: row.netns,
  pod:
    row.pod_namespace !== null && row.pod_name !== null ? { namespace: row.pod_namespace, name: row.pod_name } : null,
  kind: row.kind,
  count: row.count,
  windowStart: row.window_start.toISOString(),
  windowEnd: row.window_end.toISOString(),
});

/** PostgreSQL takes 65,535 parameters a statement: 10 columns leave room for 5,000 rows. */
const BATCH_ROWS = 5000;

export function eventQueries(db: Kysely<Database>): EventQueries {
  return {
    async insert(events) {
      let inserted = 0;
      for (let from = 0; from < events.length; from += BATCH_ROWS) {
        const result = await db
          .insertInto('events')
          .values(
            events.slice(from, from + BATCH_ROWS).map((event) => ({
              id: event.id,
              cluster: event.cluster,
              node: event.node,
              netns: event.netns,
              pod_namespace: event.pod?.namespace ?? null,
              pod_name: event.pod?.name ?? null,
              kind: event.kind,
              count: event.count,
              window_start: event.windowStart,
              window_end: event.windowEnd,
              received_at: new Date(),
            })),
          )
          .onConflict((conflict) => conflict.columns(['window_end', 'id']).doNothing())
          .executeTakeFirst();
        inserted += Number(result.numInsertedOrUpdatedRows ?? 0n);
      }
      return inserted;
    },

    async list(filter) {
      let query = db.selectFrom('events').selectAll();
      if (filter.cluster !== undefined) query = query.where('cluster', '=', filter.cluster);
      if (filter.node !== undefined) query = query.where('node', '=', filter.node);
      if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
      if (filter.pod !== undefined) {
        const [namespace = '', name = ''] = filter.pod.split('/');
        query = query.where('pod_namespace', '=', namespace).where('pod_name', '=', name);
      }
      if (filter.since !== undefined) query = query.where('window_end', '>=', new Date(filter.since));
      if (filter.before !== undefined) {
        const { windowEnd, id } = filter.before;
        query = query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple('window_end', 'id'), '<', tuple(new Date(windowEnd), id)),
        );
      }
      const rows = await query.orderBy('window_end', 'desc').orderBy('id', 'desc').limit(filter.limit).execute();
      return rows.map(eventOfRow);
    },

    async deleteBefore(instant) {
      const result = await db.deleteFrom('events').where('window_end', '<', new Date(instant)).executeTakeFirst();
      return Number(result.numDeletedRows);
    },
  };
}
