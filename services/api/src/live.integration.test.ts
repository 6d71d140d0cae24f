/** Live streams over real replicas and a real PostgreSQL: each event once and in order, wherever and whenever one reads. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { EventDocument } from '@netverdict/contracts';
import { openPool } from '@netverdict/embedded';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { RunningApi } from './service.ts';
import { readStream, type StreamEvent, type StreamReader } from './testing/read-stream.ts';
import { call, type Stack, startStack, TOKEN, until } from './testing/stack.ts';

let stack: Stack;
let api: RunningApi;
let other: RunningApi;
let database: pg.Pool;
const readers: StreamReader[] = [];

beforeAll(async () => {
  stack = await startStack();
  // Here a reader that is cut off has time to read it, there it has none.
  api = await stack.startApi({}, { liveStuckMs: 120_000 });
  other = await stack.startApi({}, { liveStuckMs: 200 });
  database = openPool(stack.engines.databaseUrl, 3);
}, 60_000);
afterAll(async () => {
  for (const reader of readers) reader.close();
  await database?.end();
  await stack?.down();
});

async function open(query = '', lastEventId?: string, at: RunningApi = api, of = 'events'): Promise<StreamReader> {
  const reader = await readStream(`${at.url}/api/v1/${of}/stream${query}`, TOKEN, lastEventId);
  readers.push(reader);
  await until(() => reader.events.length > 0);
  return reader;
}
/** Looked at again and again, while megabytes come: each is read once. */
const idsKnown = new WeakMap<StreamEvent, string>();
function idOf(told: StreamEvent): string {
  const id = idsKnown.get(told) ?? (JSON.parse(told.data) as EventDocument).id;
  idsKnown.set(told, id);
  return id;
}
const ids = (reader: StreamReader): string[] => reader.events.filter(({ event }) => event === 'event').map(idOf);

interface Row {
  readonly node?: string;
  readonly pod?: string;
  readonly kind?: string;
  readonly windowEnd?: string;
}
async function insert(id: string, { node = 'node-1', pod, kind = 'packet-drop', windowEnd }: Row = {}): Promise<void> {
  await database.query(
    `insert into events (id, cluster, node, netns, pod_namespace, pod_name, kind, count, window_start, window_end)
     values ($1, 'default', $2, 1, $3, $4, $5, 1, now(), $6)`,
    [id, node, pod?.split('/')[0] ?? null, pod?.split('/')[1] ?? null, kind, windowEnd ?? new Date().toISOString()],
  );
}

test('what is stored from now on comes, in order, at every replica', async () => {
  await insert('before');
  const [here, there] = [await open(), await open('', undefined, other)];
  for (let i = 0; i < 20; i++) await insert(`live-${i}`);
  const wanted = Array.from({ length: 20 }, (_, i) => `live-${i}`);
  await until(() => ids(here).length >= 20 && ids(there).length >= 20);
  expect(ids(here)).toEqual(wanted);
  expect(ids(there)).toEqual(wanted);
  expect(here.events[0]).toMatchObject({ event: 'open' });
});

test('a stream and the list leave out the same by each filter', async () => {
  const since = new Date(Date.now() - 1000).toISOString();
  const filters = [
    '?node=node-2',
    '?pod=shop/cart-1',
    '?kind=tcp-reset-sent',
    '?node=node-2&kind=tcp-reset-sent',
    '?cluster=other',
    `?since=${since}`,
  ];
  const readers = await Promise.all(filters.map((filter) => open(filter)));
  const all = await open();
  await insert('filter-1', { node: 'node-2' });
  await insert('filter-2', { pod: 'shop/cart-1' });
  await insert('filter-3', { kind: 'tcp-reset-sent', node: 'node-2' });
  await insert('filter-4', { pod: 'shop/cart-2', kind: 'tcp-reset-sent' });
  await insert('filter-5', { windowEnd: new Date(Date.now() - 3_600_000).toISOString() });
  await until(() => ids(all).includes('filter-5'));
  for (const [i, filter] of filters.entries()) {
    const list = (await (await call(api, `/api/v1/events${filter}&limit=200`.replace(/^([^?]*)&/, '$1?'))).json()) as {
      items: EventDocument[];
    };
    const listed = list.items.map(({ id }) => id).filter((id) => id.startsWith('filter-'));
    const reader = readers[i] as StreamReader;
    const streamed = (): string[] => ids(reader).filter((id) => id.startsWith('filter-'));
    await until(() => streamed().length >= listed.length);
    expect(streamed().sort(), filter).toEqual(listed.sort());
  }
});

test('a stream is taken up at another replica where it ended, with nothing missed and nothing twice', async () => {
  const first = await open();
  await insert('resume-1');
  await insert('resume-2');
  await until(() => ids(first).length === 2);
  first.close();
  await insert('resume-3');
  await insert('resume-4');
  const second = await open('', first.events.at(-1)?.id ?? '', other);
  await insert('resume-5');
  await until(() => ids(second).length >= 3);
  expect(ids(second)).toEqual(['resume-3', 'resume-4', 'resume-5']);
});

test('one that was never told of an event goes on from where it was opened', async () => {
  const first = await open();
  first.close();
  await insert('opened-1');
  const second = await open('', first.events[0]?.id ?? '');
  await until(() => ids(second).length >= 1);
  expect(ids(second)).toEqual(['opened-1']);
});

test('with `since` it begins with what is stored, and goes on with what comes, each once, while others write', async () => {
  const since = new Date().toISOString();
  let written = 0;
  let writing = true;
  const write = (async () => {
    for (; writing; written++) await insert(`since-${String(written).padStart(4, '0')}`);
  })();
  await until(() => written > 30);
  const reader = await open(`?since=${since}`);
  await until(() => ids(reader).length > 30);
  writing = false;
  await write;
  await until(() => ids(reader).length >= written);
  expect(ids(reader)).toEqual(Array.from({ length: written }, (_, i) => `since-${String(i).padStart(4, '0')}`));
});

test('an incident comes with each change in its newest state, by the list’s filters', async () => {
  const columns = (id: string, state: string): string =>
    `('${id}', 'default', '${id}', 'packet-drop', 'pod/shop/${id}', 'service/shop/db', 'warning', '${state}', now(), now(), 1, 0, 1, now(), now(), '["node-1"]', '["shop/${id}"]', '[]')`;
  const insertIncidents = (...rows: string[]) =>
    database.query(
      `insert into incidents (id, cluster, key, kind, workload, peer, severity, state, state_since, opened_at, count, estimated, events,
         first_seen, last_seen, nodes, pods, samples) values ${rows.join(', ')}`,
    );
  const change = (id: string, set: string) =>
    database.query(
      `update incidents set ${set}, position = nextval('incident_positions'), xact = pg_current_xact_id() where id = $1`,
      [id],
    );
  const filters = [
    '',
    '?pod=shop/inc-1',
    '?state=quiet',
    '?node=node-2',
    '?workload=pod/shop/inc-2',
    '?peer=service/shop/db',
  ];
  const opened = await Promise.all(filters.map((filter) => open(filter, undefined, other, 'incidents')));
  await insertIncidents(columns('inc-1', 'open'), columns('inc-2', 'open'));
  const told = (reader: StreamReader): string[] =>
    reader.events.flatMap(({ event, data }) => {
      const { id, state, diagnosisState } = JSON.parse(data) as { id: string; state: string; diagnosisState: string };
      return event === 'incident' ? [`${id} ${state} ${diagnosisState}`] : [];
    });
  await until(() => told(opened[0] as StreamReader).length === 2);
  await change('inc-1', `diagnosis_state = 'explained'`);
  await until(() => told(opened[0] as StreamReader).length === 3);
  await change('inc-2', `state = 'quiet'`);
  await until(() => told(opened[0] as StreamReader).length === 4);
  const [one, two] = [
    ['inc-1 open null', 'inc-1 open explained'],
    ['inc-2 open null', 'inc-2 quiet null'],
  ];
  const all = ['inc-1 open null', 'inc-2 open null', 'inc-1 open explained', 'inc-2 quiet null'];
  // Each reader has a connection of its own: what one has heard another may hear a moment later.
  await vi.waitFor(() => expect(opened.map(told)).toEqual([all, one, ['inc-2 quiet null'], [], two, all]), {
    timeout: 20_000,
  });
});

test('a reader that does not read is cut off with the reason, others are not held up, and it can go on', async () => {
  const quick = await open();
  const slow = await open();
  slow.pause();
  // A socket holds some megabytes.
  const many = 4000;
  await database.query(
    `insert into events (id, cluster, node, netns, kind, count, window_start, window_end)
     select 'flood-' || n, 'default', 'node-' || repeat('x', 5000), 1, 'packet-drop', 1, now(), now() from generate_series(1, ${many}) n`,
  );
  await insert('after the flood');
  await until(() => ids(quick).includes('after the flood'), 50_000);
  expect(ids(quick).length).toBe(many + 1);
  slow.resume();
  await until(() => slow.ended());
  expect(slow.events.at(-1)).toMatchObject({ event: 'cut-off' });
  expect(slow.events.at(-1)?.data).toContain('Last-Event-ID');
  const got = ids(slow).length;
  expect(got).toBeLessThan(many);
  const again = await open('', slow.events.at(-2)?.id ?? '');
  await until(() => ids(again).includes('after the flood'), 40_000);
  expect(got + ids(again).length).toBe(many + 1);
}, 120_000);

/** Of a connection of this machine, by the ports of who accepted it and who opened it: proc_net_tcp(5), 01 is ESTABLISHED. */
function stateOf(accepted: number, opened: number): string | null {
  const hex = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const row = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(([, local, remote]) => local?.endsWith(hex(accepted)) && remote?.endsWith(hex(opened)));
  return row?.[3] ?? null;
}

test('one that never reads again loses its connection', async () => {
  const { hostname, port } = new URL(other.url);
  const socket = connect(Number(port), hostname);
  socket.write(`GET /api/v1/events/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`);
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  await database.query(
    `insert into events (id, cluster, node, netns, kind, count, window_start, window_end)
     select 'stuck-' || n, 'default', 'node-' || repeat('x', 5000), 1, 'packet-drop', 1, now(), now() from generate_series(1, 4000) n`,
  );
  expect(stateOf(Number(port), socket.localPort ?? 0)).toBe('01');
  await until(() => stateOf(Number(port), socket.localPort ?? 0) !== '01');
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  let got = '';
  socket.on('data', (data) => {
    got += data.toString('latin1');
  });
  socket.resume();
  await ended;
  expect(got.length).toBeLessThan(4000 * 5000);
  expect(got).not.toContain('event: cut-off');
}, 60_000);

test('after PostgreSQL was killed the stream goes on without a gap', async () => {
  const reader = await open();
  await insert('killed-1');
  await until(() => ids(reader).length === 1);
  await stack.engines.stopEngine('postgres', 'SIGKILL');
  await pause(1500);
  await stack.engines.startEngine('postgres');
  await until(async () => {
    try {
      await insert('killed-2');
      return true;
    } catch {
      return false;
    }
  });
  await until(() => ids(reader).length === 2, 20_000);
  expect(ids(reader)).toEqual(['killed-1', 'killed-2']);
});

test('an id that is none is refused; one of the future of another database is answered with `missed`', async () => {
  const refused = await call(api, '/api/v1/events/stream', { headers: { 'last-event-id': 'x' } });
  expect(refused.status).toBe(400);
  expect(await refused.text()).toContain('last-event-id');
  expect((await call(api, '/api/v1/events/stream?kind=nothing')).status).toBe(400);
  const reader = await open('', '999999999999-1');
  await until(() => reader.events.length > 1);
  expect(reader.events[1]).toMatchObject({ event: 'missed' });
  await insert('after missed');
  await until(() => ids(reader).includes('after missed'));
});
