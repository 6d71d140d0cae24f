/** Where the time of followed packets goes, over two nodes whose clocks differ. */
import type { ExpectedBranch, MeasuredHistogram } from '@netverdict/contracts';
import { expect, it } from 'vitest';
import type { Followed } from './judge.ts';
import type { Seen } from './seen.ts';
import { slowReport } from './slow.ts';

const HOPS = ['n1/pod/a/b', 'n1/host', 'n2/host', 'n2/pod/c/d'];
const way = (places: readonly string[], direction: 'forward' | 'reply') =>
  places.map((place) => ({ place, direction }));
const branch: ExpectedBranch = {
  share: 1,
  outcome: 'reachable',
  disposition: 'delivered',
  ended: 'reply',
  destination: { address: '10.0.2.2', port: 80 },
  hops: [...way(HOPS, 'forward'), ...way([...HOPS].reverse(), 'reply')],
  stop: null,
};
/** The clock of n2 is an hour ahead. */
const AHEAD = 3_600_000;
const at = (place: string, point: Seen['point'], device: string, direction: Seen['direction'], atMs: number): Seen => ({
  place,
  point,
  device,
  direction,
  atMs: atMs + (place.startsWith('n2') ? AHEAD : 0),
  netns: 1,
  protocol: 6,
  source: '',
  sourcePort: 1,
  destination: '',
  destinationPort: 2,
  signature: 'x',
  answer: direction === 'reply',
});
const followed: Followed = {
  attempt: { target: 't0', outcome: 'connected', rttMs: 12, local: null },
  seen: [
    at('n1/pod/a/b', 'sent', 'eth0', 'forward', 0),
    at('n1/host', 'received', 'veth1', 'forward', 0.1),
    at('n1/host', 'sent', 'eth0', 'forward', 0.3),
    at('n2/host', 'received', 'eth0', 'forward', 2.3),
    at('n2/host', 'sent', 'cni0', 'forward', 2.4),
    at('n2/pod/c/d', 'received', 'eth0', 'forward', 8.4),
    at('n2/pod/c/d', 'sent', 'eth0', 'reply', 8.5),
    at('n2/host', 'received', 'veth2', 'reply', 8.6),
    at('n2/host', 'sent', 'eth0', 'reply', 8.7),
    at('n1/host', 'received', 'eth0', 'reply', 11.7),
    at('n1/host', 'sent', 'veth1', 'reply', 11.8),
    at('n1/pod/a/b', 'received', 'eth0', 'reply', 11.9),
  ],
};
const report = (histograms: readonly MeasuredHistogram[] = [], more: readonly Followed[] = []) =>
  slowReport({
    followed: [followed, ...more],
    branches: [branch],
    measured: [{ node: 'n2', problem: null, histograms }],
    placeOf: (node, inode) => (inode === 7 ? 'n2/host' : `${node}/netns/${inode}`),
    addresses: new Set(['10.0.2.2']),
  });

it('the dearest leg comes first; over nodes the way there and back counts, whatever the clocks say', () => {
  const { stages, total } = report();
  expect(total?.p50).toBe(12);
  expect(stages.slice(0, 2).map(({ stage, place, p50Ms }) => [stage, place, Math.round(p50Ms * 10) / 10])).toEqual([
    ['link', 'n2/host', 6],
    ['wire', 'n1/host', 5],
  ]);
  expect(stages[0]?.what.en).toBe('from n2 cni0 to c/d eth0, with its queue');
  expect(
    stages.every(({ p99Ms }) => p99Ms < 100),
    'no clock shows',
  ).toBe(true);
  expect(stages.map(({ stage }) => stage)).toContain('answer');
});

it('a SYN that was sent again waited for it', () => {
  const again: Followed = { ...followed, seen: [...followed.seen, at('n1/pod/a/b', 'sent', 'eth0', 'forward', 1000)] };
  expect(report([], [again]).stages[0]).toMatchObject({ stage: 'retransmissions', count: 1, p99Ms: 1000 });
});

it('histograms count where they are on the path, and end-to-end ones come last', () => {
  const histogram = (metric: string, netns: number, peer: string | null = null): MeasuredHistogram => ({
    probe: 'p',
    metric,
    netns,
    peer,
    count: 100,
    sum: 0,
    // 99 below 16 µs, one below 65,536 µs.
    buckets: [0, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  });
  const { stages } = report([
    histogram('transmit-queued-microseconds', 7),
    histogram('transmit-queued-microseconds', 8),
    histogram('tcp-connect-microseconds', 7, '10.0.2.2'),
    histogram('tcp-connect-microseconds', 7, '10.9.9.9'),
    histogram('tcp-sent-bytes', 7, '10.0.2.2'),
  ]);
  const told = stages.filter(({ evidence }) => evidence !== 'probe packets');
  expect(told.map(({ stage, place, p50Ms, p99Ms, evidence }) => [stage, place, p50Ms, p99Ms, evidence])).toEqual([
    ['queue', 'n2/host', 0.015, 0.015, 'transmit-queued-microseconds'],
    ['connect', 'n2/host', 0.015, 0.015, 'tcp-connect-microseconds'],
  ]);
  expect(stages.at(-1)?.stage).toBe('connect');
});
