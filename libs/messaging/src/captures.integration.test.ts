import type { CaptureStatus } from '@netverdict/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Captures } from './captures.ts';
import { NotPermitted } from './index.ts';
import { API, agent, startTestBus, type TestBus } from './testing.ts';

let nats: TestBus;
let own: Captures;
let reader: Captures;
beforeAll(async () => {
  nats = await startTestBus();
  reader = (await nats.connect(API)).captures('default');
  own = (await nats.connect(agent('node.with.dots'))).captures('default');
});
afterAll(() => nats?.down());

const node = 'node.with.dots';
const captureId = 'cap_00000000-0000-7000-8000-000000000001';
const status = (packets: number): CaptureStatus => ({
  ...{ captureId, state: 'running', reason: null, interfaces: ['eth0'], leftOut: [], packets, bytes: 1, dropped: 0 },
  ...{ startedAt: '2026-01-01T00:00:00Z', endedAt: null, files: [{ file: 0, slot: 0, parts: 1, bytes: 1 }] },
});

test('what a node wrote last is what the api reads', async () => {
  const place = { node, captureId, slot: 0, part: 0, file: 0 };
  expect(await reader.part(place)).toBeNull();
  expect(await reader.status(place)).toBeNull();
  const bytes = Buffer.alloc(300_000, 'packet');
  await own.putPart(place, Buffer.from('short'));
  await own.putPart(place, bytes);
  await own.putStatus(node, status(1));
  await own.putStatus(node, status(2));
  expect(Buffer.from((await reader.part(place)) ?? '').equals(bytes)).toBe(true);
  expect((await reader.status(place))?.packets).toBe(2);
});

test('a part that a newer file of the ring has written over is not the older file’s', async () => {
  const place = { node, captureId, slot: 1, part: 0 };
  await own.putPart({ ...place, file: 1 }, Buffer.from('one'));
  await own.putPart({ ...place, file: 4 }, Buffer.from('four'));
  expect(await reader.part({ ...place, file: 1 })).toBeNull();
  expect(Buffer.from((await reader.part({ ...place, file: 4 })) ?? '').toString()).toBe('four');
});

test('a node can neither write another’s captures nor read its own', async () => {
  await expect(own.putPart({ node: 'node-1', captureId, slot: 0, part: 0, file: 0 }, Buffer.from('x'))).rejects.toThrow(
    NotPermitted,
  );
  await expect(own.status({ node, captureId })).rejects.toThrow();
});

test('removing takes all of one capture and nothing else', async () => {
  const other = 'cap_00000000-0000-7000-8000-000000000002';
  await own.putPart({ node, captureId: other, slot: 0, part: 0, file: 0 }, Buffer.from('kept'));
  await reader.remove({ node, captureId });
  expect(await reader.status({ node, captureId })).toBeNull();
  expect(await reader.part({ node, captureId, slot: 0, part: 0, file: 0 })).toBeNull();
  expect(await reader.part({ node, captureId: other, slot: 0, part: 0, file: 0 })).not.toBeNull();
});
