/**
 * Tables partitioned by day (UTC): the days to come are made ahead, the days past retention dropped whole. A row whose
 * day has no table goes to `<table>_default`: it came too late, or from a clock that is wrong by days.
 */
import { type QueryExecutorProvider, sql } from 'kysely';

/** Table and the column that it is partitioned by. */
export const PARTITIONED = { events: 'window_end', flows: 'bucket', accounting: 'minute' } as const;
export type Partitioned = keyof typeof PARTITIONED;

const DAY_MS = 24 * 3_600_000;
/** Late by no more than this is not too late; a replica that was away for a day finds its tables made. */
export const DAYS_BACK = 7;
export const DAYS_AHEAD = 3;

const day = (instant: number): string => new Date(instant).toISOString().slice(0, 10);
const partitionName = (table: Partitioned, at: string): string => `${table}_${at.replaceAll('-', '')}`;

/** One process at a time: `lock` of the same number as everybody's. */
const LOCK = 0x6e76_7061;

async function partitionsOf(db: QueryExecutorProvider, table: Partitioned): Promise<Set<string>> {
  const { rows } = await sql<{ name: string }>`select c.relname as name
    from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = ${table}::regclass`.execute(db);
  return new Set(rows.map(({ name }) => name));
}

/** What lies in the default partition for that day moves into its own. */
async function makePartition(db: QueryExecutorProvider, table: Partitioned, from: string, to: string): Promise<void> {
  const [name, parent, column] = [sql.table(partitionName(table, from)), sql.table(table), sql.ref(PARTITIONED[table])];
  const [first, end] = [sql.lit(`${from} 00:00:00+00`), sql.lit(`${to} 00:00:00+00`)];
  await sql`create table ${name} (like ${parent} including defaults including constraints)`.execute(db);
  await sql`with moved as (
      delete from ${sql.table(`${table}_default`)} where ${column} >= ${first} and ${column} < ${end} returning *
    ) insert into ${name} select * from moved`.execute(db);
  await sql`alter table ${parent} attach partition ${name} for values from (${first}) to (${end})`.execute(db);
}

/** Within a transaction of the caller's. @returns names of the partitions made */
export async function ensurePartitions(db: QueryExecutorProvider, now: Date, daysBack = DAYS_BACK): Promise<string[]> {
  await sql`select pg_advisory_xact_lock(${LOCK})`.execute(db);
  const made: string[] = [];
  for (const table of Object.keys(PARTITIONED) as Partitioned[]) {
    const there = await partitionsOf(db, table);
    for (let offset = -daysBack; offset <= DAYS_AHEAD; offset++) {
      const from = day(now.getTime() + offset * DAY_MS);
      if (there.has(partitionName(table, from))) continue;
      await makePartition(db, table, from, day(Date.parse(from) + DAY_MS));
      made.push(partitionName(table, from));
    }
  }
  return made;
}

/** Within a transaction of the caller's. Drops the days that end before `before`. @returns their names */
export async function dropPartitions(db: QueryExecutorProvider, table: Partitioned, before: Date): Promise<string[]> {
  await sql`select pg_advisory_xact_lock(${LOCK})`.execute(db);
  // Nobody is made to wait long for a reader of an old day: the next round tries again.
  await sql`set local lock_timeout = '3s'`.execute(db);
  const oldest = partitionName(table, day(before.getTime()));
  const old = [...(await partitionsOf(db, table))].filter((name) => /_\d{8}$/.test(name) && name < oldest).sort();
  for (const name of old) await sql`drop table ${sql.table(name)}`.execute(db);
  return old;
}
