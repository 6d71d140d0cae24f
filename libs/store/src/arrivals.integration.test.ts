/** Readers that follow: nothing is missed and nothing comes twice, however transactions overlap. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engines, removeEngines, startEngines } from '@netverdict/embedded';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BEGINNING, type Cursor, compareCursors, formatCursor, openStore, parseCursor, type Store } from './index.ts';

let engines: Engines;
let store: Store;
let dir: string;
const writers: pg.Client[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nv-arrivals-test-'));
  engines = await startEngines({ dir, clusters: [], only: ['postgres'] });
  store = openStore({ connectionString: engines.databaseUrl });
  await store.migrate();
});
afterAll(async () => {
  await Promise.all(writers.map((writer) => writer.end()));
  await store?.close();
  await engines?.stop();
  await removeEngines(dir);
});

async function writer(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: engines.databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  writers.push(client);
  return client;
}

const insert = (client: pg.Client, id: string): Promise<unknown> =>
  client.query(
    `insert into events (id, cluster, node, netns, kind, count, window_start, window_end)
     values ($1, 'c', 'n', 1, 'packet-drop', 1, now(), now())`,
    [id],
  );

/** Everything after `cursor`, in small pages, and where that ends. */
async function readOn(cursor: Cursor): Promise<{ ids: string[]; end: Cursor }> {
  const ids: string[] = [];
  for (let end = cursor; ; ) {
    const page = await store.arrivals.events.after(end, 3);
    ids.push(...page.map(({ item }) => item.id));
    end = page.at(-1)?.cursor ?? end;
    if (page.length < 3) return { ids, end };
  }
}

test('a row with a small number that is committed after a greater one was read is not missed', async () => {
  const [slow, quick] = [await writer(), await writer()];
  const { end: start } = await readOn(BEGINNING);
  await slow.query('begin');
  await insert(slow, 'slow-1');
  await insert(quick, 'quick-1');
  // The older transaction still runs: what came after it waits, or the reader would go past it.
  expect(await readOn(start)).toEqual({ ids: [], end: start });
  expect(await store.arrivals.events.held()).toBe(true);
  await slow.query('commit');
  const both = await readOn(start);
  expect(both.ids.sort()).toEqual(['quick-1', 'slow-1']);
  expect(await store.arrivals.events.held()).toBe(false);
  expect((await readOn(both.end)).ids).toEqual([]);
});

test('nor is one of a transaction that began earlier and took its number later', async () => {
  const [early, late] = [await writer(), await writer()];
  const { end: start } = await readOn(BEGINNING);
  await early.query('begin');
  await early.query('select pg_current_xact_id()');
  await late.query('begin');
  await insert(late, 'late-1');
  await insert(early, 'early-1');
  await early.query('commit');
  const first = await readOn(start);
  expect(first.ids).toEqual(['early-1']);
  await late.query('commit');
  // Its number is the smaller of the two: by numbers alone it would be passed over.
  expect((await readOn(first.end)).ids).toEqual(['late-1']);
});

test('with many writers at once a follower gets each row once', async () => {
  const { end: start } = await readOn(BEGINNING);
  const clients = await Promise.all(Array.from({ length: 6 }, writer));
  let writing = true;
  const got: string[] = [];
  const follow = (async () => {
    for (let cursor = start, last = false; ; ) {
      const { ids, end } = await readOn(cursor);
      expect(compareCursors(end, cursor)).toBeGreaterThanOrEqual(0);
      got.push(...ids);
      cursor = end;
      if (last) return;
      last = !writing;
    }
  })();
  await Promise.all(
    clients.map(async (client, w) => {
      for (let i = 0; i < 40; i++) {
        await client.query('begin');
        for (let k = 0; k <= i % 3; k++) await insert(client, `w${w}-${i}-${k}`);
        await client.query(i % 10 === 9 ? 'rollback' : 'commit');
      }
    }),
  );
  writing = false;
  await follow;
  const { rows } = await (clients[0] as pg.Client).query<{ id: string }>(
    `select id from events where id like 'w%' order by id`,
  );
  expect([...got].sort()).toEqual(rows.map(({ id }) => id));
  expect(rows.length).toBeGreaterThan(400);
});

test('whoever listens is told of each arrival, by the database itself', async () => {
  const told: string[] = [];
  const connected = Promise.withResolvers<void>();
  const listening = store.listenForArrivals({
    onNotification: (table) => told.push(table),
    onReconnect: connected.resolve,
    onLost: () => {},
  });
  try {
    await connected.promise;
    const client = await writer();
    await client.query('begin');
    await insert(client, 'told-1');
    await insert(client, 'told-2');
    expect(told).toEqual([]);
    await client.query('commit');
    await expect.poll(() => told, { timeout: 10_000 }).toEqual(['events']);
  } finally {
    await listening.close();
  }
});

test('cursors are written and read; what is none is null', () => {
  const cursor = { xact: 4_294_967_296_123n, position: 77 };
  expect(parseCursor(formatCursor(cursor))).toEqual(cursor);
  for (const text of ['', '1', '1-', '-1', 'x-1', '1-2-3', '99999999999999999999-1', '1-9999999999999999', ' 1-1'])
    expect(parseCursor(text)).toBeNull();
});
