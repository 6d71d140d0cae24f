/** Days ahead and retention. Every replica does it: what has been done changes nothing. */
import { type Kysely, sql } from 'kysely';
import { DAYS_BACK, dropPartitions, ensurePartitions, PARTITIONED, type Partitioned } from '../partitions.ts';
import type { Database } from '../schema.ts';
import { MANY_PEERS } from './incidents.ts';

export interface Retention {
  /** How long each is kept, in days; what is in the default partition, by when it arrived or is told to have been. */
  readonly days: Readonly<Record<Partitioned, number>>;
  readonly incidentDays: number;
}

export interface MaintenanceQueries {
  /** Makes tables for the days to come. Resolves with their names. */
  prepareDays(now?: Date): Promise<readonly string[]>;
  /** Removes what is older. Resolves with the names of dropped tables and the number of removed rows. */
  sweep(retention: Retention, now?: Date): Promise<{ readonly dropped: readonly string[]; readonly removed: number }>;
  /** Rows whose day has no table, by table: too late, or from a clock that is wrong by days. */
  misplaced(): Promise<ReadonlyMap<Partitioned, number>>;
}

const DAY_MS = 24 * 3_600_000;
const tables = Object.keys(PARTITIONED) as Partitioned[];

export function maintenanceQueries(db: Kysely<Database>): MaintenanceQueries {
  const deleted = async (query: ReturnType<typeof sql>): Promise<number> =>
    Number((await query.execute(db)).numAffectedRows ?? 0n);
  return {
    prepareDays: (now = new Date()) => db.transaction().execute((tx) => ensurePartitions(tx, now, DAYS_BACK)),

    async sweep({ days, incidentDays }, now = new Date()) {
      const before = (n: number): Date => new Date(now.getTime() - n * DAY_MS);
      const dropped: string[] = [];
      for (const table of tables)
        dropped.push(...(await db.transaction().execute((tx) => dropPartitions(tx, table, before(days[table])))));
      let removed = await deleted(sql`delete from events_default where received_at < ${before(days.events)}`);
      removed += await deleted(sql`delete from flows_default where bucket < ${before(days.flows)}`);
      removed += await deleted(sql`delete from accounting_default where minute < ${before(days.accounting)}`);
      removed += await deleted(
        sql`delete from incidents where state = 'resolved' and last_seen < ${before(incidentDays)}`,
      );
      // How many incidents a group has is counted when they are made; here it is put right for those that went.
      await sql`update incident_groups g set peers = c.n
        from (select g.cluster, g.key, count(i.key)::int as n from incident_groups g left join
            (select cluster, left(key, length(key) - length(peer) - 1) as key from incidents where current and peer <> ${MANY_PEERS}) i
            on i.cluster = g.cluster and i.key = g.key group by 1, 2) c
        where g.cluster = c.cluster and g.key = c.key and g.peers > c.n`.execute(db);
      await sql`delete from incident_groups where peers = 0`.execute(db);
      return { dropped, removed };
    },

    async misplaced() {
      const { rows } = await sql<{ table: Partitioned; n: number }>`
        select 'events' as table, count(*) as n from events_default
        union all select 'flows', count(*) from flows_default
        union all select 'accounting', count(*) from accounting_default`.execute(db);
      return new Map(rows.map((row) => [row.table, row.n]));
    },
  };
}
