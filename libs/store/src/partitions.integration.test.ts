/** The tables by day, in a real PostgreSQL: rows of before are kept, days are made ahead, moved into and dropped. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engines, openPool, removeEngines, startEngines } from '@netverdict/embedded';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MIGRATIONS } from './migrations/index.ts';
import { dropPartitions, ensurePartitions } from './partitions.ts';
import type { Database } from './schema.ts';

let engines: Engines;
let db: Kysely<Database>;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nv-partitions-test-'));
  engines = await startEngines({ dir, clusters: [], only: ['postgres'] });
  db = new Kysely({ dialect: new PostgresDialect({ pool: openPool(engines.databaseUrl, 10) }) });
}, 60_000);
afterAll(async () => {
  await db?.destroy();
  await engines?.stop();
  await removeEngines(dir);
});

const DAY_MS = 24 * 3_600_000;
const at = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();
const insert = (id: string, windowEnd: string) =>
  sql`insert into events (id, cluster, node, netns, kind, count, window_start, window_end)
    values (${id}, 'c', 'n', 1, 'packet-drop', 1, ${windowEnd}, ${windowEnd})`.execute(db);
const where = async (): Promise<Record<string, string>> => {
  const { rows } = await sql<{
    id: string;
    place: string;
  }>`select id, tableoid::regclass::text as place from events`.execute(db);
  return Object.fromEntries(rows.map(({ id, place }) => [id, place]));
};
const dayTable = (instant: string): string => `events_${instant.slice(0, 10).replaceAll('-', '')}`;

test('rows of the table of before are kept, also those that are older than every day’s table, and the way back keeps them', async () => {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
  expect((await migrator.migrateTo('0002-compressed-result')).error).toBeUndefined();
  const [recent, old] = [at(-1), at(-400)];
  await insert('recent', recent);
  await insert('old', old);
  expect((await migrator.migrateTo('0003-monitoring')).error).toBeUndefined();
  expect(await where()).toEqual({ recent: dayTable(recent), old: 'events_default' });
  expect((await migrator.migrateTo('0002-compressed-result')).error).toBeUndefined();
  const { rows } = await sql<{ id: string }>`select id from events order by id`.execute(db);
  expect(rows.map(({ id }) => id)).toEqual(['old', 'recent']);
  expect((await migrator.migrateToLatest()).error).toBeUndefined();
});

test('a row from a clock that runs a week ahead moves into its day when that day’s table is made', async () => {
  const ahead = at(7);
  await insert('ahead', ahead);
  expect((await where()).ahead).toBe('events_default');
  const later = new Date(Date.now() + 5 * DAY_MS);
  const made = await db.transaction().execute((tx) => ensurePartitions(tx, later));
  expect(made).toContain(dayTable(ahead));
  expect((await where()).ahead).toBe(dayTable(ahead));
  await expect(insert('ahead', ahead)).rejects.toThrow(/duplicate key/);
});

test('several processes make the same days once', async () => {
  const later = new Date(Date.now() + 30 * DAY_MS);
  const made = await Promise.all([0, 1, 2].map(() => db.transaction().execute((tx) => ensurePartitions(tx, later))));
  expect(made.flat().length).toBeGreaterThan(20);
  expect(new Set(made.flat()).size).toBe(made.flat().length);
});

test('days past retention are dropped with their rows, the others stay', async () => {
  await insert('today', at(0));
  const dropped = await db.transaction().execute((tx) => dropPartitions(tx, 'events', new Date()));
  expect(dropped).toContain(dayTable(at(-1)));
  expect(dropped).not.toContain(dayTable(at(0)));
  expect(Object.keys(await where()).sort()).toEqual(['ahead', 'old', 'today']);
  expect(await db.transaction().execute((tx) => dropPartitions(tx, 'events', new Date()))).toEqual([]);
});
