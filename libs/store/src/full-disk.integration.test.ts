/** A disk that is full makes a writer wait and nothing else: a tablespace on a small tmpfs is filled for real. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engines, openPool, removeEngines, startEngines } from '@netverdict/embedded';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isUnavailable, openStore, type Store, type StoredEvent } from './index.ts';

let engines: Engines;
let store: Store;
let dir: string;
let disk: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'nv-store-test-'));
  disk = mkdtempSync(join(tmpdir(), 'nv-full-disk-'));
  engines = await startEngines({ dir, clusters: [], only: ['postgres'] });
  store = openStore({ connectionString: engines.databaseUrl });
  await store.migrate();
}, 60_000);
afterAll(async () => {
  await store?.close();
  await engines?.stop();
  try {
    execFileSync('umount', [disk], { stdio: 'ignore' });
  } catch {
    // It was not mounted.
  }
  rmSync(disk, { recursive: true, force: true });
  await removeEngines(dir);
});

const now = new Date().toISOString();
/** Random, so that PostgreSQL cannot compress it, and short enough to lie in the table itself. */
const events = (batch: number): StoredEvent[] =>
  Array.from({ length: 100 }, (_, i) => ({
    ...{ id: `c/n/e/${batch}/${i}`, cluster: 'c', node: 'n', netns: 1, pod: null, kind: 'packet-drop', count: 1 },
    ...{ windowStart: now, windowEnd: now, details: { text: randomBytes(600).toString('hex') } },
  }));
const stored = async (): Promise<number> => (await store.events.list({ limit: 10_000 })).length;

test('a batch that finds no room is not there at all, is told from a bug, and is stored when there is room again', async () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=711', 'tmpfs', disk]);
  const place = join(disk, 'tablespace');
  mkdirSync(place, { mode: 0o700 });
  const { uid, gid } = statSync(`/proc/${engines.pids.postgres}`);
  chownSync(place, uid, gid);
  const database = openPool(engines.databaseUrl, 1);
  await database.query(`create tablespace small location '${place}'`);
  await database.query(`alter table events_${now.slice(0, 10).replaceAll('-', '')} set tablespace small`);
  await database.end();

  let batch = 0;
  let refused: unknown = null;
  while (refused === null && batch < 100) {
    try {
      await store.together((tx) => tx.events.add(events(batch)));
      batch++;
    } catch (error) {
      refused = error;
    }
  }
  expect(refused).toMatchObject({ code: '53100' });
  expect(isUnavailable(refused)).toBe(true);
  expect(await stored()).toBe(batch * 100);
  execFileSync('mount', ['-o', 'remount,size=32m', disk]);
  await store.together((tx) => tx.events.add(events(batch)));
  expect(await stored()).toBe(batch * 100 + 100);
});
