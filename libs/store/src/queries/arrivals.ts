/** Events and incidents in the order in which they arrive, each once: what live streams are made of. */
import { type Kysely, type Selectable, sql } from 'kysely';
import { BEGINNING, type Cursor } from '../arrival-cursor.ts';
import type { Database } from '../schema.ts';
import type { EventsTable, IncidentsTable } from '../schema-monitoring.ts';
import { eventOfRow, type StoredEvent } from './events.ts';
import { type Explanation, type Incident, incidentOfRow } from './incidents.ts';

export interface Arrival<T> {
  readonly cursor: Cursor;
  readonly item: T;
}

export interface Arrivals<T> {
  /** What comes after it has not been there for good yet. */
  horizon(): Promise<Cursor>;
  /** Oldest first. Of a row that changes (an incident) the newest state only, at the place of its last change. */
  after(cursor: Cursor, limit: number): Promise<readonly Arrival<T>[]>;
  /** Rows are there that a transaction that still runs keeps back: worth another look soon. */
  held(): Promise<boolean>;
}

export interface ArrivalQueries {
  readonly events: Arrivals<StoredEvent>;
  readonly incidents: Arrivals<Incident & Explanation>;
}

export function arrivalQueries(db: Kysely<Database>): ArrivalQueries {
  return {
    events: arrivalsOf(db, 'events', (row: Selectable<EventsTable>) => eventOfRow(row)),
    incidents: arrivalsOf(db, 'incidents', (row: Selectable<IncidentsTable>) => incidentOfRow(row)),
  };
}

interface Arrived {
  readonly xact: string;
  readonly position: number;
}

function arrivalsOf<R extends Arrived, T>(
  db: Kysely<Database>,
  name: 'events' | 'incidents',
  itemOf: (row: R) => T,
): Arrivals<T> {
  const table = sql.table(name);
  return {
    async horizon() {
      const { rows } = await sql<{ xmin: string }>`select pg_snapshot_xmin(pg_current_snapshot()) as xmin`.execute(db);
      return { ...BEGINNING, xact: BigInt(rows[0]?.xmin ?? 0) };
    },

    async after({ xact, position }, limit) {
      const { rows } = await sql<R>`select * from ${table}
        where (xact, position) > (${`${xact}`}::xid8, ${position}::bigint)
          and xact < (select pg_snapshot_xmin(pg_current_snapshot()))
        order by xact, position limit ${limit}`.execute(db);
      return rows.map((row) => ({ cursor: { xact: BigInt(row.xact), position: row.position }, item: itemOf(row) }));
    },

    async held() {
      const { rows } = await sql<{ held: boolean }>`select exists(
        select from ${table} where xact >= (select pg_snapshot_xmin(pg_current_snapshot()))) as held`.execute(db);
      return rows[0]?.held ?? false;
    },
  };
}
