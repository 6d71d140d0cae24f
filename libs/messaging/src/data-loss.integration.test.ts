/** nats-server killed with -9 and its data deleted, while everything runs: it has happened. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Bus, NotPermitted } from './index.ts';
import {
  API,
  agent,
  anomalyBatch,
  diagnosisRequested,
  EVENTPROC,
  SIMULATOR,
  startTestBus,
  type TestBus,
  TOPOLOGY,
  until,
} from './testing.ts';

let nats: TestBus;
let api: Bus;
let topology: Bus;
beforeEach(async () => {
  nats = await startTestBus();
  api = await nats.connect(API);
  topology = await nats.connect(TOPOLOGY);
});
afterEach(() => nats?.down());

const request = (n: number) =>
  api.publish('diagnosis-requested', 'default', diagnosisRequested(n), { id: `request-${n}` });

test('consumers rebuild their stream and go on when the server has lost everything', async () => {
  const seen: string[] = [];
  topology.consume('diagnosis-requested', async (_body, { id }) => void seen.push(id));
  await request(1);
  await until(() => seen.includes('request-1'));
  await nats.engines.restart('nats', { signal: 'SIGKILL', wipe: true });
  await request(2);
  await until(() => seen.includes('request-2'));
  expect(seen).toEqual(['request-1', 'request-2']);
});

test('a plain restart keeps what was stored', async () => {
  await request(1);
  await nats.engines.restart('nats');
  const seen: string[] = [];
  topology.consume('diagnosis-requested', async (_body, { id }) => void seen.push(id));
  await until(() => seen.length === 1);
  expect(seen).toEqual(['request-1']);
});

test('publishing waits for a server that is away, and gives up at its deadline', async () => {
  await nats.engines.stopEngine('nats', 'SIGKILL');
  const waiting = request(1);
  const late = api.publish('diagnosis-requested', 'default', diagnosisRequested(2), { id: 'late', deadlineMs: 300 });
  await expect(late).rejects.toThrow(/was not stored within 300 ms/);
  await pause(500);
  await nats.engines.startEngine('nats');
  expect((await waiting).seq).toBeGreaterThan(0);
});

test('an agent, which may not make streams, is heard again once eventproc has made its stream', async () => {
  const eventproc = await nats.connect(EVENTPROC);
  const bus = await nats.connect(agent('node-1'));
  const seqs: number[] = [];
  eventproc.consume('anomaly-batch', async (body) => void seqs.push(body.seq));
  await nats.engines.restart('nats', { signal: 'SIGKILL', wipe: true });
  await bus.publish('anomaly-batch', 'default', anomalyBatch('node-1', 1), { id: 'a1' });
  await until(() => seqs.includes(1));
});

test('a stream that vanishes while the server runs is noticed', async () => {
  const seen: string[] = [];
  topology.consume('diagnosis-requested', async (_body, { id }) => void seen.push(id));
  await request(1);
  await until(() => seen.length === 1);
  await (await nats.admin()).jsm.streams.delete('DIAGNOSIS');
  await request(2);
  await until(() => seen.length === 2);
});

test('sections: what is stored is not written again, and is written again after a loss', async () => {
  const sections = topology.sections('default');
  const readers = (await nats.connect(SIMULATOR)).sections('default');
  const large = '-A KUBE-SERVICES -j KUBE-SVC-ABCDEF\n'.repeat(100_000);
  await sections.put('sha256:small', 'one line\n');
  await sections.put('sha256:large', large);
  expect((await readers.get('sha256:small'))?.toString()).toBe('one line\n');
  expect((await readers.get('sha256:large'))?.toString()).toBe(large);
  expect(await readers.get('sha256:absent')).toBeNull();
  expect(await sections.has('sha256:large')).toBe(true);
  await expect(topology.sections('other').get('sha256:large')).rejects.toThrow(NotPermitted);
  const { jsm } = await nats.admin();
  const lastSeq = async () => (await jsm.streams.info('SECTIONS')).state.last_seq;
  const before = await lastSeq();
  await sections.put('sha256:large', large);
  expect(await lastSeq()).toBe(before);

  await nats.engines.restart('nats', { signal: 'SIGKILL', wipe: true });
  expect(await sections.has('sha256:large')).toBe(false);
  await until(async () => (await readers.get('sha256:large').catch(() => 'NATS is away')) === null);
  expect(await sections.has('sha256:large')).toBe(false);
  await sections.put('sha256:large', large);
  expect((await readers.get('sha256:large'))?.length).toBe(large.length);
});

test('connecting waits for a server that is not there yet', async () => {
  await nats.engines.stopEngine('nats');
  const connecting = nats.connect(SIMULATOR);
  await pause(700);
  await nats.engines.startEngine('nats');
  expect((await connecting).connected()).toBe(true);
});

test('what is published while the connection is being closed is refused, and does not keep it from closing', async () => {
  await request(1);
  const closing = api.close();
  const late = api.publish('diagnosis-requested', 'default', diagnosisRequested(2), {
    id: 'late',
    deadlineMs: 3_600_000,
  });
  await expect(late).rejects.toThrow(/was not stored before the connection was closed: /);
  await closing;
});
