/** Probes `sockets`, `transmit`, `receive` and `softirq`: delays made on purpose, found in the stage where they are. */
import type { Anomaly } from '@netverdict/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sumOf, type WatchedNamespace, type WatchedPair, watchedPair } from '../testing/watched-pair.ts';

let pair: WatchedPair;
beforeAll(async () => {
  pair = await watchedPair('slow');
});
afterAll(() => pair?.close());

const slowest = (anomalies: readonly Anomaly[]): number =>
  Math.max(...anomalies.flatMap(({ samples }) => samples ?? []).map(({ value }) => value ?? 0));
const histogram = (of: WatchedNamespace, metric: string) =>
  pair.watch.histograms().filter((h) => h.netns === of.inode && h.metric === metric);

it('sockets: a process that reads late, and one that is held when it writes', async () => {
  const { a, b, watch } = pair;
  await watch.command('set sockets threshold 100000');
  await watch.command('on sockets');
  await b.python(`l = listen(7001); l.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)`);
  await a.python(`s = tcp(None); s.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096); s.connect(('${b.ipv4}', 7001))`);
  await b.python(`c, _ = l.accept()`);
  const writing = a.python(`s.sendall(b'x' * 100000)`);
  await b.python(`sleep(0.3); c.settimeout(2); n = 0
while n < 100000: n += len(c.recv(65536))`);
  await writing;
  const late = await pair.until(b, { kind: 'socket-slow', reason: 'READ_WAIT', port: 7001 });
  expect(sumOf(late)).toBeGreaterThan(0);
  expect(late[0]).toMatchObject({
    probe: 'sockets',
    direction: 'in',
    pod: { namespace: 'shop', name: 'b' },
    tuple: { source: a.ipv4, sourcePort: null, destination: b.ipv4, destinationPort: 7001 },
  });
  expect(slowest(late)).toBeGreaterThan(200_000);
  const held = await pair.until(a, { kind: 'socket-slow', reason: 'WRITE', port: 7001 });
  expect(held[0]).toMatchObject({ direction: 'out', tuple: { source: a.ipv4, destination: b.ipv4 } });
  expect(slowest(held)).toBeGreaterThan(100_000);
  expect(histogram(b, 'socket-read-wait-microseconds').length).toBeGreaterThan(0);
  await watch.command('off sockets');
});

/** The sums of a metric over all peers. */
const summed = (of: WatchedNamespace, metric: string): { count: number; sum: number } =>
  histogram(of, metric).reduce((all, { count, sum }) => ({ count: all.count + count, sum: all.sum + sum }), {
    count: 0,
    sum: 0,
  });

it('sockets: each read of a process that reads late tells its wait, though what waits then came during the read before', async () => {
  const { a, b, watch } = pair;
  await watch.command('on sockets');
  await b.python(`l = listen(7012); l.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)`);
  await a.python(`s = tcp(); s.connect(('${b.ipv4}', 7012))`);
  await b.python(`c, _ = l.accept()`);
  await watch.command('flush');
  const before = summed(b, 'socket-read-wait-microseconds');
  const writing = a.python(`attempt(lambda: s.sendall(b'x' * 200000))`);
  await b.python(`for i in range(5):
  sleep(0.2); c.recv(65536)`);
  await watch.command('flush');
  const { count, sum } = summed(b, 'socket-read-wait-microseconds');
  expect(count - before.count).toBeGreaterThanOrEqual(3);
  expect(sum - before.sum).toBeGreaterThan(400_000); // more than the first one alone, which came before its read
  await b.python('c.close()'); // with what is unread: a reset, which lets the writer go
  await writing;
  await watch.command('off sockets');
});

it('sockets: a process that never reads is found by its window, which is as full as it was', async () => {
  const { a, b, watch } = pair;
  await b.python(`l = listen(7013); l.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)`);
  await a.python(`s = tcp(); s.connect(('${b.ipv4}', 7013)); s.setblocking(False)
try:
  while True: s.send(b'x' * 65536)
except BlockingIOError: pass`);
  await b.python(`c, _ = l.accept(); sleep(0.1)`);
  await watch.command('on sockets');
  await watch.command('look');
  await b.python('sleep(0.3)');
  await watch.command('look');
  const [unread] = await pair.until(b, { kind: 'socket-slow', reason: 'UNREAD', port: 7013 });
  expect(unread).toMatchObject({
    direction: 'in',
    tuple: { source: a.ipv4, destination: b.ipv4, destinationPort: 7013 },
  });
  expect(summed(b, 'socket-unread-microseconds').sum).toBeGreaterThan(250_000);
  expect(summed(a, 'socket-unread-microseconds').count).toBe(0);
  await watch.command('off sockets');
});

it('sockets: a server that thinks before it answers, and no client that is idle before it asks again', async () => {
  const { a, b, watch } = pair;
  await watch.command('on sockets');
  await b.python(`l = listen(7011)`);
  const server = b.python(`c, _ = l.accept()
for i in range(2):
  c.recv(100); sleep(0.2); c.sendall(b'answer')`);
  await a.python(`s = tcp(None); s.connect(('${b.ipv4}', 7011))
for i in range(2):
  s.sendall(b'question'); s.recv(100); sleep(0.4)`);
  await server;
  await watch.command('flush');
  const [answers] = histogram(b, 'socket-answer-microseconds');
  expect(answers?.count).toBe(2);
  expect(answers?.sum).toBeGreaterThan(400_000);
  expect(histogram(a, 'socket-answer-microseconds')).toEqual([]);
  await watch.command('off sockets');
});

it('transmit: a queue that lets through less than comes in', async () => {
  const { a, b, watch } = pair;
  await watch.command('set transmit threshold 50000');
  await watch.command(`set transmit netns ${b.inode}`);
  await watch.command('on transmit');
  b.run(['tc', 'qdisc', 'replace', 'dev', 'eth0', 'root', 'tbf', 'rate', '400kbit', 'burst', '3000', 'limit', '60000']);
  await b.python(`s = socket(AF_INET, SOCK_DGRAM)
for i in range(12): s.sendto(b'x' * 1000, ('${a.ipv4}', 7002))
sleep(0.4)`);
  const queued = await pair.until(b, { kind: 'transmit-slow', reason: 'QUEUED', port: 7002 }, 5);
  expect(queued[0]).toMatchObject({
    probe: 'transmit',
    pod: { namespace: 'shop', name: 'b' },
    direction: 'out',
    tuple: { protocol: 17, source: b.ipv4, destination: a.ipv4, destinationPort: 7002 },
  });
  expect(sumOf(queued)).toBeLessThanOrEqual(12);
  expect(slowest(queued)).toBeGreaterThan(50_000);
  expect(histogram(b, 'transmit-queued-microseconds')[0]?.count).toBeGreaterThanOrEqual(12);
  expect(histogram(b, 'transmit-driver-microseconds')[0]?.count).toBeGreaterThanOrEqual(12);
  b.run(['tc', 'qdisc', 'del', 'dev', 'eth0', 'root']);
  await watch.command('off transmit');
});

it('receive: a segment that lies in its socket', async () => {
  const { a, b, watch } = pair;
  await watch.command('set receive threshold 150000');
  await watch.command(`set receive netns ${b.inode}`);
  await watch.command('on receive');
  await b.python(`l = listen(7003)`);
  await a.python(`s = tcp(); s.connect(('${b.ipv4}', 7003)); s.send(b'x' * 100)`);
  await b.python('c, _ = l.accept(); sleep(0.3); c.recv(200)');
  const slow = await pair.until(b, { kind: 'receive-slow', reason: 'TO_READER', port: 7003 });
  expect(slow[0]).toMatchObject({
    probe: 'receive',
    pod: { namespace: 'shop', name: 'b' },
    direction: 'in',
    count: 1,
    tuple: { source: a.ipv4, destination: b.ipv4, destinationPort: 7003 },
  });
  expect(slowest(slow)).toBeGreaterThan(250_000);
  expect(histogram(b, 'receive-backlog-microseconds')[0]?.count).toBeGreaterThan(0);
  await watch.command('off receive');
});

it('softirq: how long they wait and run, of the node as a whole', async () => {
  const { a, b, watch } = pair;
  await watch.command('on softirq');
  await a.python(`s = socket(AF_INET, SOCK_DGRAM)
for i in range(50): s.sendto(b'x', ('${b.ipv4}', 7004))
sleep(0.1)`);
  await watch.command('off softirq');
  await watch.command('flush');
  for (const metric of ['softirq-receive-wait-microseconds', 'softirq-receive-run-microseconds']) {
    const [told] = watch.histograms().filter((h) => h.metric === metric);
    expect(told).toMatchObject({ netns: 0, peer: { address: null } });
    expect(told?.count).toBeGreaterThan(5);
    expect(told?.buckets.reduce((sum, n) => sum + n, 0)).toBe(told?.count);
  }
});

it('softirq: one that takes longer than the threshold is told of the node, with its processor', async () => {
  const { a, b, watch } = pair;
  await watch.command('set softirq threshold 1');
  await watch.command('on softirq');
  await a.python(`s = socket(AF_INET, SOCK_DGRAM)
for i in range(200): s.sendto(b'x', ('${b.ipv4}', 7005))`);
  // Of no namespace and no packet: the processor is the node's, and so is what it does.
  const slow = await pair.until({ ...a, inode: 0 }, { kind: 'softirq-slow', reason: 'RECEIVE_RUN' });
  expect(slow[0]).toMatchObject({ probe: 'softirq', netns: 0, pod: null, details: { cpu: expect.any(Number) } });
  expect(slow[0]?.tuple).toBeUndefined();
  expect(sumOf(slow)).toBeGreaterThan(0);
  expect(slowest(slow)).toBeGreaterThanOrEqual(1);
  await watch.command('off softirq');
});
