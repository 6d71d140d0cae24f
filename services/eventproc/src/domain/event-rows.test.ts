import type { AnomalyBatch } from '@netverdict/contracts';
import { expect, test } from 'vitest';
import { eventRows } from './event-rows.ts';
import { Names } from './names.ts';

const anomaly: AnomalyBatch['anomalies'][number] = {
  kind: 'tcp-listen-overflow',
  netns: 4026532300,
  pod: { namespace: 'shop', name: 'web-1' },
  count: 4,
  windowStart: '2026-01-01T00:00:00Z',
  windowEnd: '2026-01-01T00:00:05Z',
};
const batch: AnomalyBatch = { node: 'node-1', epoch: 'e', seq: 9, anomalies: [anomaly, { ...anomaly, pod: null }] };
const rows = (change: Partial<AnomalyBatch> = {}) =>
  eventRows('prod', { ...batch, ...change }, new Names([])).map(({ event }) => event);

test('an event’s id is its place in the stream: cluster, node, epoch, batch, index', () => {
  expect(rows().map((e) => e.id)).toEqual(['prod/node-1/e/9/0', 'prod/node-1/e/9/1']);
});

test('the pod, or the node itself, comes with the event', () => {
  expect(rows().map((e) => [e.pod, e.workload])).toEqual([
    [{ namespace: 'shop', name: 'web-1' }, 'pod/shop/web-1'],
    [null, 'node/node-1'],
  ]);
});

test('all that a probe tells is in the row', () => {
  const tuple = {
    family: 'ipv4',
    protocol: 6,
    source: '10.0.0.1',
    sourcePort: null,
    destination: '10.0.0.2',
    destinationPort: 80,
  } as const;
  const told = {
    probe: 'drops',
    reason: 'NETFILTER_DROP',
    function: 'nf_hook_slow',
    hook: 'FORWARD',
    direction: 'out',
  } as const;
  const measured = { tuple, bytes: 120, oneIn: 8, details: { state: 'SYN_SENT' } };
  const [event] = rows({ anomalies: [{ ...anomaly, ...told, ...measured }] });
  expect(event).toMatchObject({
    ...told,
    ...{ protocol: 6, source: '10.0.0.1', destination: '10.0.0.2', destinationPort: 80, bytes: 120, oneIn: 8 },
    ...{ details: { state: 'SYN_SENT' }, peer: '10.0.0.2', peerAddress: '10.0.0.2' },
  });
  expect(event).not.toHaveProperty('sourcePort');
});

test('texts of an agent that lies are cut and cleaned before they are stored', () => {
  const [event] = rows({
    anomalies: [{ ...anomaly, reason: `A\0B${'x'.repeat(10_000)}`, details: { 'k\n': '\u001f' } }],
  });
  expect(event?.reason).toMatch(/^ABx+…$/);
  expect(event?.reason).toHaveLength(320);
  expect(event?.details).toEqual({ k: '' });
});
