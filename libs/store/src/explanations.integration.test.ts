/** Which incidents are asked about: each by one, few enough, again only when that is old. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engines, openPool, removeEngines, startEngines } from '@netverdict/embedded';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type ClaimRules, type IncidentToExplain, openStore, type Store } from './index.ts';

let engines: Engines;
let store: Store;
let database: pg.Pool;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nv-explain-test-'));
  engines = await startEngines({ dir, clusters: [], only: ['postgres'] });
  store = openStore({ connectionString: engines.databaseUrl });
  database = openPool(engines.databaseUrl, 2);
  await store.migrate();
});
afterEach(() => database.query('truncate incidents, events, incident_questions'));
afterAll(async () => {
  await database?.end();
  await store?.close();
  await engines?.stop();
  await removeEngines(dir);
});

const RULES: ClaimRules = {
  kinds: ['packet-drop', 'tcp-retransmission'],
  onlyReasons: { 'tcp-retransmission': ['SYN'] },
  limit: 10,
  perMinute: 100,
  checkMs: 15_000,
  againMs: 300_000,
  staleMs: 180_000,
  retryMs: 60_000,
};

async function incident(id: string, columns: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const row = {
    id,
    cluster: 'lab',
    key: id,
    kind: 'packet-drop',
    workload: `pod/${id}`,
    peer: `far end of ${id}`,
    reason: 'NETFILTER_DROP',
    severity: 'warning',
    state: 'open',
    state_since: 'now',
    opened_at: 'now',
    count: 1,
    estimated: 0,
    events: 1,
    first_seen: 'now',
    last_seen: 'now',
    nodes: '[]',
    pods: '[]',
    samples: '[]',
    ...columns,
  };
  const names = Object.keys(row);
  await database.query(
    `insert into incidents (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')})`,
    Object.values(row),
  );
}
const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
const idsOf = (claimed: readonly IncidentToExplain[]): string[] => claimed.map(({ id }) => id).sort();
const claim = async (change: Partial<ClaimRules> = {}): Promise<string[]> =>
  idsOf(await store.explanations.claim({ ...RULES, ...change }));

test('an open incident of a kind that can be asked about is claimed once, by one of many', async () => {
  for (let i = 0; i < 8; i++) await incident(`i${i}`);
  const claims = await Promise.all(Array.from({ length: 6 }, () => claim({ limit: 4 })));
  claims.push(await claim(), await claim());
  expect(claims.flat().sort()).toEqual(Array.from({ length: 8 }, (_, i) => `i${i}`));
});

test('others are not: another kind or reason, one that is over, one that was asked about lately', async () => {
  await incident('kind', { kind: 'tcp-reset-sent' });
  await incident('reason', { kind: 'tcp-retransmission', reason: 'RTO' });
  await incident('quiet', { state: 'quiet' });
  await incident('asking', { asked_at: ago(1), diagnosis_state: 'asking', state_since: ago(2) });
  await incident('explained', {
    asked_at: ago(2),
    diagnosis_state: 'explained',
    state_since: ago(60),
    last_seen: ago(3),
  });
  await incident('syn', { kind: 'tcp-retransmission', reason: 'SYN' });
  expect(await claim()).toEqual(['syn']);
});

test('asked again: when who asked has died, when it failed, when it was over and is back', async () => {
  await incident('died', { asked_at: ago(4), diagnosis_state: 'asking', state_since: ago(5) });
  await incident('failed', { asked_at: ago(2), diagnosis_state: 'failed', state_since: ago(5) });
  await incident('failed just now', {
    asked_at: ago(0.5),
    diagnosis_state: 'failed',
    state_since: ago(5),
    last_seen: ago(1),
  });
  await incident('back', { asked_at: ago(20), diagnosis_state: 'explained', state_since: ago(1) });
  await incident('flapping', {
    asked_at: ago(0.5),
    diagnosis_state: 'explained',
    state_since: ago(0.2),
    last_seen: ago(1),
  });
  expect(await claim()).toEqual(['back', 'died', 'failed']);
});

test('what was found is checked while it is seen, each time after twice as long, and not when it is seen no more', async () => {
  const explained = { diagnosis_state: 'explained', state_since: ago(600), cause: 'x' };
  await incident('just now', { ...explained, asked_at: ago(0.2) });
  await incident('once', { ...explained, asked_at: ago(0.3), cause: 'y' });
  await incident('thrice', { ...explained, asked_at: ago(1.9), confirmed: 3 });
  await incident('thrice, two minutes ago', { ...explained, asked_at: ago(2.1), confirmed: 3 });
  await incident('for hours', { ...explained, asked_at: ago(5.1), confirmed: 500 });
  await incident('seen no more', { ...explained, asked_at: ago(60), last_seen: ago(61) });
  expect(await claim()).toEqual(['for hours', 'once', 'thrice, two minutes ago']);
});

test('a new incident that shares an end has those asked again whose answer is older, once', async () => {
  const quiet = { diagnosis_state: 'explained', asked_at: ago(2), state_since: ago(9), last_seen: ago(3) };
  await incident('same peer', { ...quiet, workload: 'c', peer: 'web' });
  await incident('at the other end', { ...quiet, workload: 'web', peer: 'd' });
  await incident('another', { ...quiet, workload: 'd', peer: 'e' });
  await incident('many', { ...quiet, workload: 'f', peer: 'many peers' });
  await incident('none', { ...quiet, workload: 'g', peer: '' });
  expect(await claim()).toEqual([]);
  for (const [id, peer] of [
    ['new', 'web'],
    ['new one of many', 'many peers'],
    ['new without', ''],
  ])
    await incident(id as string, {
      workload: `of ${id}`,
      peer,
      asked_at: ago(0.1),
      diagnosis_state: 'explained',
      last_seen: ago(1),
    });
  expect(await claim()).toEqual(['at the other end', 'same peer']);
  await database.query(`update incidents set diagnosis_state = 'explained', asked_at = now() - interval '20 seconds'`);
  await database.query(`update incidents set state_since = now() - interval '1 minute'`);
  expect(await claim()).toEqual([]);
});

test('a cause that is over for one incident is checked for the others that have it', async () => {
  const quiet = { diagnosis_state: 'explained', asked_at: ago(2), state_since: ago(9), last_seen: ago(3), cause: 'x' };
  await incident('a', { ...quiet, workload: 'a1', peer: 'a2' });
  await incident('b', { ...quiet, workload: 'b1', peer: 'b2', cause: 'z' });
  await incident('c', { ...quiet, workload: 'c1', peer: 'c2', state: 'quiet', current: false, cause_ended_at: ago(1) });
  expect(await claim()).toEqual(['a']);
});

test('of one cluster so many a minute, the severe ones first; others do not wait for it', async () => {
  for (let i = 0; i < 5; i++) await incident(`busy-${i}`);
  await incident('busy-critical', { severity: 'critical', opened_at: ago(30) });
  await incident('other', { cluster: 'other' });
  expect(await claim({ perMinute: 2 })).toEqual(['busy-4', 'busy-critical', 'other']);
  expect(await claim({ perMinute: 2 })).toEqual([]);
  await database.query(
    `update incidents set asked_at = asked_at - interval '61 seconds', state_since = state_since - interval '2 minutes'`,
  );
  await database.query(`update incident_questions set asked_at = asked_at - interval '61 seconds'`);
  expect(await claim({ perMinute: 2 })).toEqual(['busy-2', 'busy-3']);
});

test('it comes with its newest packets', async () => {
  await incident('i');
  const tuple = { family: 'ipv4', protocol: 6, source: '10.0.0.1', sourcePort: 40000, destination: '10.0.0.2' };
  const samples = JSON.stringify([
    { at: ago(0), tuple: null, bytes: 0 },
    { at: ago(0), tuple, bytes: 60 },
  ]);
  await database.query(
    `insert into events (id, cluster, node, netns, kind, count, window_start, window_end, protocol, source, destination,
       destination_port, samples, incident_id)
     values ('e', 'lab', 'node-2', 1, 'packet-drop', 1, now(), now(), 6, '10.0.0.1', '10.0.0.2', 80, $1, 'i'),
       ('none', 'lab', 'node-2', 1, 'packet-drop', 1, now(), now(), null, null, null, null, null, 'i')`,
    [samples],
  );
  const [claimed] = await store.explanations.claim(RULES);
  expect(claimed?.witnesses).toEqual([
    {
      node: 'node-2',
      pod: null,
      tuple: {
        family: 'ipv4',
        protocol: 6,
        source: '10.0.0.1',
        sourcePort: null,
        destination: '10.0.0.2',
        destinationPort: 80,
      },
      sample: tuple,
    },
  ]);
});
