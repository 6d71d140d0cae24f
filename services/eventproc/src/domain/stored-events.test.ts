import type { AnomalyBatch } from '@netverdict/contracts';
import { expect, test } from 'vitest';
import { Heartbeats } from './heartbeats.ts';
import { storedEvents } from './stored-events.ts';

const anomaly: AnomalyBatch['anomalies'][number] = {
  kind: 'tcp-listen-overflow',
  netns: 4026532300,
  pod: { namespace: 'shop', name: 'web-1' },
  count: 4,
  windowStart: '2026-01-01T00:00:00Z',
  windowEnd: '2026-01-01T00:00:05Z',
};
const batch: AnomalyBatch = { node: 'node-1', epoch: 'e', seq: 9, anomalies: [anomaly, { ...anomaly, pod: null }] };

test('an event’s id is its place in the stream: cluster, node, epoch, batch, index', () => {
  expect(storedEvents('prod', batch).map((e) => e.id)).toEqual(['prod/node-1/e/9/0', 'prod/node-1/e/9/1']);
});

test('the pod, or the node itself, comes with the event', () => {
  expect(storedEvents('prod', batch).map((e) => e.pod)).toEqual([{ namespace: 'shop', name: 'web-1' }, null]);
});

test('of several heartbeats of an agent the newest is kept, by our clock, once', () => {
  const heartbeats = new Heartbeats();
  const body = { node: 'n', epoch: 'e', version: '0', kernel: '6', capabilities: [] };
  heartbeats.note('prod', { ...body, lastSeq: 1 }, new Date(1000));
  heartbeats.note('prod', { ...body, lastSeq: 2 }, new Date(2000));
  heartbeats.note('test', { ...body, lastSeq: 7 }, new Date(2000));
  expect(heartbeats.take().map((h) => [h.cluster, h.lastSeq])).toEqual([
    ['prod', 2],
    ['test', 7],
  ]);
  expect(heartbeats.take()).toEqual([]);
});
