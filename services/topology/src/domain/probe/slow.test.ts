/** Where the time of followed packets goes, over two nodes whose clocks differ. */
import type { ExpectedBranch, MeasuredHistogram } from '@netverdict/contracts';
import { describe, expect, it } from 'vitest';
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
  data: [],
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
  const { stages, conclusion } = report([], [again]);
  expect(stages[0]).toMatchObject({ stage: 'retransmissions', count: 1, p99Ms: 1000 });
  expect(conclusion).toMatchObject({ cause: 'loss' });
  expect(conclusion?.text.en).toBe(
    'Packets are lost between a/b eth0 and n1 veth1: 1 of 2 (50 %) had to be sent again or were not answered, and each such wait is a second or more.',
  );
});

/** To a backend of a Service that is on another node than the one that answers. */
const toAnother = (outcome: Followed['attempt']['outcome']): Followed => {
  const to = (s: Seen): Seen => ({ ...s, destination: '10.0.3.3', destinationPort: 80 });
  const seen = [at('n1/pod/a/b', 'sent', 'eth0', 'forward', 0), to(at('n1/host', 'sent', 'veth9', 'forward', 1))];
  return { attempt: { target: 't0', outcome, rttMs: null, local: null }, seen, data: [] };
};

it('packets to a backend that never answers are not compared with those that went another way', () => {
  const { conclusion } = report([], [toAnother('silent'), toAnother('silent')]);
  expect(conclusion?.text.en).toBe(
    'Packets are lost after n1 veth9, which saw them last: 2 of 3 (67 %) had to be sent again or were not answered, and each such wait is a second or more. None of the 2 to 10.0.3.3:80 was answered: that is broken, not slow, and netverdict diagnose tells why.',
  );
});

it('of one that was lost nobody says that its target is broken, nor of a target that refuses', () => {
  expect(report([], [toAnother('silent')]).conclusion?.text.en).not.toContain('broken');
  expect(report([], [toAnother('refused'), toAnother('refused')]).conclusion?.cause).not.toBe('loss');
});

/** So many values of about so many milliseconds. */
const histogram = (
  metric: string,
  netns: number,
  { ms = 0.01, count = 100, peer = null }: { ms?: number; count?: number; peer?: string | null } = {},
): MeasuredHistogram => {
  const buckets = Array.from({ length: 32 }, () => 0);
  buckets[Math.ceil(Math.log2(ms * 1000 + 1))] = count;
  return { probe: 'p', metric, netns, peer, count, sum: ms * 1000 * count, buckets };
};

it('histograms count where they are on the path, and what holds the others comes last, without a share', () => {
  const { stages } = report([
    histogram('transmit-queued-microseconds', 7),
    histogram('transmit-queued-microseconds', 8),
    histogram('tcp-connect-microseconds', 7, { peer: '10.0.2.2' }),
    histogram('tcp-connect-microseconds', 7, { peer: '10.9.9.9' }),
    histogram('tcp-sent-bytes', 7, { peer: '10.0.2.2' }),
    // Of processes of a node between the two ends: nobody waits for them.
    histogram('socket-answer-microseconds', 7, { ms: 5000 }),
    histogram('socket-read-wait-microseconds', 7, { ms: 5000 }),
  ]);
  const told = stages.filter(({ evidence }) => evidence !== 'probe packets');
  expect(told.map(({ stage, place, p50Ms, share }) => [stage, place, p50Ms, share === undefined])).toEqual([
    ['queue', 'n2/host', 0.01, false],
    ['connect', 'n2/host', 0.01, true],
  ]);
  expect(stages.at(-1)?.stage).toBe('connect');
});

it('what takes long for one in a hundred is told, however many stages take longer for most', () => {
  const elsewhere = ['a', 'b'].map((by) => ({
    ...followed,
    seen: followed.seen.map((seen) => ({ ...seen, device: `${seen.device}${by}` })),
  }));
  const full = { ...histogram('transmit-queued-microseconds', 7, { count: 98 }), count: 100, sum: 2_000_000 };
  const buckets = full.buckets.map((n, i) => (i === 20 ? 2 : n));
  const { stages } = report([{ ...full, buckets }], elsewhere);
  expect(stages.length).toBe(20);
  const queue = stages.find(({ stage }) => stage === 'queue');
  expect(queue?.p50Ms).toBeLessThan(0.1);
  expect(queue?.p99Ms).toBeGreaterThan(500);
});

describe('the conclusion', () => {
  const quick: Followed = { ...followed, attempt: { ...followed.attempt, rttMs: 1 } };
  const concluded = (attempts: readonly Followed[], histograms: readonly MeasuredHistogram[] = []) =>
    slowReport({
      followed: attempts,
      branches: [branch],
      measured: [{ node: 'n2', problem: null, histograms }],
      // Pods by made-up inodes: 1 the sender's, 2 the receiver's.
      placeOf: (_node, inode) => (inode === 1 ? 'n1/pod/a/b' : 'n2/pod/c/d'),
      addresses: new Set(),
    }).conclusion;

  it('nothing is slow, and says what was not seen', () => {
    const { cause, text } = concluded([quick]) ?? {};
    expect(cause).toBe('nothing');
    expect(text?.en).toMatch(/^Nothing is slow: there and back takes 1\.0 ms .*No request was under way meanwhile/);
    expect(concluded([quick], [histogram('socket-answer-microseconds', 2, { ms: 3 })])?.text.en).toMatch(
      /and the process in c\/d answers within 3\.0 ms\.$/,
    );
  });

  it('a process that thinks, with its time', () => {
    const { cause, text } = concluded([quick], [histogram('socket-answer-microseconds', 2, { ms: 200 })]) ?? {};
    expect([cause, text?.en]).toEqual([
      'process',
      'The network is not slow (1.0 ms there and back): the process in c/d takes 200 ms to answer a request.',
    ]);
  });

  it('a reader that does not read, and DNS', () => {
    expect(concluded([quick], [histogram('socket-read-wait-microseconds', 2, { ms: 300 })])?.cause).toBe('reader');
    const stuck = concluded([quick], [histogram('socket-unread-microseconds', 2, { ms: 3000 })]);
    expect([stuck?.cause, stuck?.text.en]).toEqual([
      'reader',
      expect.stringContaining('the process in c/d does not read what arrived, for 3000 ms at least'),
    ]);
    const dns = concluded([quick], [histogram('dns-answer-microseconds', 1, { ms: 400 })]);
    expect([dns?.cause, dns?.text.en]).toEqual([
      'dns',
      expect.stringContaining('an answer of DNS to a/b takes 400 ms'),
    ]);
  });

  it('the network, with the dearest part of the way and its share', () => {
    const far: Followed = {
      ...followed,
      attempt: { ...followed.attempt, rttMs: 112 },
      seen: followed.seen.map((s, i) => ({ ...s, atMs: s.atMs + (i >= 5 ? 100 : 0) })),
    };
    const { cause, text } = concluded([far]) ?? {};
    expect(cause).toBe('network');
    expect(text?.en).toMatch(
      /^The network is slow: of the 112 ms there and back 106 ms \(95 %\) pass from n2 cni0 to c\/d eth0, with its queue/,
    );
  });

  it('a packet that was sent again and came through each time was late, and not lost', () => {
    const twice: Followed = {
      ...quick,
      seen: [...quick.seen, ...quick.seen.map((s) => ({ ...s, atMs: s.atMs + 1000 }))],
    };
    expect(concluded([quick, twice])?.cause).toBe('nothing');
  });

  it('nobody answered: it is not slow', () => {
    const silent: Followed = {
      attempt: { target: 't0', outcome: 'silent', rttMs: null, local: null },
      seen: [],
      data: [],
    };
    expect(concluded([silent])?.cause).toBe('no-answer');
    // One of two is lost, wherever.
    expect(concluded([quick, silent])).toMatchObject({ cause: 'loss' });
  });
});
