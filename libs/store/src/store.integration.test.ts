/** The queries against a real PostgreSQL: monotone, once, in order, whoever comes first. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engines, removeEngines, startEngines } from '@netverdict/embedded';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NewDiagnosis, openStore, type ProgressUpdate, type Store } from './index.ts';
import { MIGRATIONS } from './migrations/index.ts';

let engines: Engines;
let store: Store;
let second: Store;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nv-store-test-'));
  engines = await startEngines({ dir, clusters: [], only: ['postgres'] });
  store = openStore({ connectionString: engines.databaseUrl });
  second = openStore({ connectionString: engines.databaseUrl });
});
afterAll(async () => {
  await store?.close();
  await second?.close();
  await engines?.stop();
  await removeEngines(dir);
});

let n = 0;
const newId = (): string => `dg_00000000-0000-7000-8000-${String(++n).padStart(12, '0')}`;
const diagnosis = (change: Partial<NewDiagnosis> = {}): NewDiagnosis => ({
  id: newId(),
  cluster: 'default',
  request: { source: { pod: 'a/b' }, destination: { pod: 'c/d', port: 80 } },
  requestHash: 'h',
  tokenId: 't',
  visibleNamespaces: null,
  namesGiven: true,
  idempotencyKey: null,
  source: 'a/b',
  destination: 'c/d',
  deadlineMs: 60_000,
  republishMs: 60_000,
  callbackUrl: null,
  traceparent: null,
  rerunOf: null,
  ...change,
});
const accepted = async (change: Partial<NewDiagnosis> = {}): Promise<string> =>
  (await store.diagnoses.accept(diagnosis(change))).row.id;
const progress = (diagnosisId: string, stage: ProgressUpdate['stage'], key: string = stage): ProgressUpdate => ({
  diagnosisId,
  key,
  attempt: 1,
  stage,
  message: `${stage} ${key}`,
  at: new Date().toISOString(),
});
const completion = (id: string) => ({
  id,
  outcome: 'reachable',
  snapshotDigest: 'sha256:x',
  result: Buffer.from(JSON.stringify({ text: 'kernel text with a NUL \0 in it' })),
  timing: { resolveMs: 1, collectMs: 2, simulateMs: 3 },
});
const ending = { deliveryId: 'msg_x', progress: [] };

test('two processes that migrate at once apply each migration once, and again changes nothing', async () => {
  const applied = await Promise.all([store.migrate(), second.migrate()]);
  expect(applied.flat()).toEqual(Object.keys(MIGRATIONS));
  expect(await store.migrate()).toEqual([]);
});

test('a status only moves forward, and the first end wins', async () => {
  const id = await accepted();
  await store.progress.append([progress(id, 'simulating')], 1000);
  await store.progress.append([progress(id, 'resolving')], 1000);
  expect(await store.diagnoses.getRow(id)).toMatchObject({ status: 'simulating', rank: 3 });
  const [completed, failed] = [
    await store.diagnoses.complete(completion(id), ending),
    await store.diagnoses.fail({ id, problem: { type: 'x', title: 'x', detail: '', suggestions: [] } }, ending),
  ];
  expect([completed?.row.status, failed]).toEqual(['completed', null]);
  await store.progress.append([progress(id, 'collecting')], 1000);
  expect(await store.diagnoses.get(id)).toMatchObject({
    status: 'completed',
    outcome: 'reachable',
    result: { text: 'kernel text with a NUL \0 in it' },
  });
});

test('of two ends at the same moment exactly one is written', async () => {
  const ids = await Promise.all(Array.from({ length: 20 }, () => accepted()));
  const ends = await Promise.all(
    ids.map((id) => Promise.all([store, second].map((s) => s.diagnoses.complete(completion(id), ending)))),
  );
  expect(ends.map((pair) => pair.filter((end) => end !== null).length)).toEqual(ids.map(() => 1));
});

test('progress that every replica stores is there once, in order, without a deadlock', async () => {
  const ids = await Promise.all(Array.from({ length: 10 }, () => accepted()));
  const batch = ids.flatMap((id) => [progress(id, 'resolving'), progress(id, 'collecting')]);
  for (let round = 0; round < 5; round++)
    await Promise.all([store.progress.append(batch, 1000), second.progress.append([...batch].reverse(), 1000)]);
  for (const id of ids) {
    const entries = await store.progress.list(id, 0);
    expect(new Set(entries.map((e) => e.stage))).toEqual(new Set(['resolving', 'collecting']));
    expect(entries).toHaveLength(2);
    expect(await store.progress.list(id, entries[0]?.seq ?? 0)).toHaveLength(1);
  }
  await store.progress.append([progress('dg_unknown', 'resolving')], 1000);
});

test('progress that waited in memory is logged before the end', async () => {
  const id = await accepted();
  await store.diagnoses.complete(completion(id), {
    ...ending,
    progress: [progress(id, 'resolving'), progress(id, 'collecting')],
  });
  expect((await store.progress.list(id, 0)).map((e) => e.stage)).toEqual(['resolving', 'collecting', 'completed']);
});

test('a stalled diagnosis is claimed by one sweeper, with the next attempt', async () => {
  const ids = await Promise.all(Array.from({ length: 10 }, () => accepted({ republishMs: 0 })));
  const claims = await Promise.all(
    [store, second, store].map((s) => s.diagnoses.claimStalled({ limit: 100, baseMs: 60_000 })),
  );
  expect(
    claims
      .flat()
      .map((row) => row.id)
      .sort(),
  ).toEqual([...ids].sort());
  expect(claims.flat().every((row) => row.attempt === 2)).toBe(true);
  expect(await store.diagnoses.claimStalled({ limit: 100, baseMs: 1000 })).toEqual([]);
});

test('what is past its deadline is told, and not claimed any more', async () => {
  const id = await accepted({ republishMs: 0, deadlineMs: 0 });
  expect((await store.diagnoses.overdue(100)).map((row) => row.id)).toContain(id);
  expect((await store.diagnoses.claimStalled({ limit: 100, baseMs: 0 })).map((row) => row.id)).not.toContain(id);
});

test('notifications tell of every change, also after the server restarted', async () => {
  const heard: string[] = [];
  const up: (() => void)[] = [];
  const connected = (): Promise<void> => new Promise((resolve) => up.push(resolve));
  const first = connected();
  const notifications = second.listen({
    onNotification: (payload) => heard.push(payload),
    onReconnect: () => up.shift()?.(),
    onLost: () => undefined,
  });
  await first;
  const [a, b] = [await accepted(), await accepted()];
  await store.progress.append([progress(a, 'resolving')], 1000);
  await expect.poll(() => heard, { timeout: 10_000 }).toEqual([`${a} 0`]); // what is under way is lost with the server
  const again = connected();
  await engines.restart('postgres');
  await again;
  await store.diagnoses.complete(completion(b), ending);
  await expect.poll(() => heard, { timeout: 10_000 }).toEqual([`${a} 0`, `${b} 4`]);
  await notifications.close();
});

test('old finished diagnoses go with all that belongs to them; running ones stay', async () => {
  const done = await accepted({ callbackUrl: 'http://x/' });
  const running = await accepted();
  await store.diagnoses.complete(completion(done), { ...ending, deliveryId: 'msg_old' });
  expect(await store.deliveries.get('msg_old')).toMatchObject({ state: 'pending', attempts: 0 });
  await store.diagnoses.deleteFinishedBefore(new Date(Date.now() + 60_000).toISOString());
  expect([await store.diagnoses.getRow(done), await store.deliveries.get('msg_old')]).toEqual([null, null]);
  expect(await store.progress.list(done, 0)).toEqual([]);
  expect(await store.diagnoses.getRow(running)).not.toBeNull();
});

test('the same events and heartbeats twice are stored once', async () => {
  const at = '2030-01-01T00:00:00.000Z';
  const event = {
    id: 'c/n/e/1/0',
    cluster: 'c',
    node: 'n',
    netns: 2 ** 32,
    pod: null,
    kind: 'link-drop' as const,
    count: 5,
    windowStart: at,
    windowEnd: at,
  };
  expect([
    await store.events.insert([event]),
    await second.events.insert([event, { ...event, id: 'c/n/e/1/1' }]),
  ]).toEqual([1, 1]);
  expect((await store.events.list({ cluster: 'c', limit: 10 }))[1]).toEqual(event);
  const agent = {
    cluster: 'c',
    node: 'n',
    epoch: 'e',
    version: '1',
    kernel: '6',
    lastSeq: 1,
    capabilities: ['collect'],
    lastSeen: at,
  };
  await store.agents.upsert([agent, { ...agent, lastSeq: 2, lastSeen: '2030-01-01T00:00:01.000Z' }]);
  await store.agents.upsert([agent]);
  expect(await store.agents.list({ cluster: 'c' })).toMatchObject([
    { lastSeq: 2, firstSeen: '2030-01-01T00:00:01.000Z' },
  ]);
});
