/** Who talks to whom, by real connections: short ones when they end, one that lasts while it lasts, and each byte once. */
import { spawn } from 'node:child_process';
import type { FlowRecord } from '@netverdict/contracts';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { builtSidecar } from '../configuration.ts';
import { type WatchedPair, watchedPair } from '../testing/watched-pair.ts';
import { type WatchFrame, WatchFrameReader } from './frames.ts';
import { PROBES } from './probes.ts';
import type { Flow } from './records.ts';

let pair: WatchedPair;
const told: FlowRecord[] = [];
beforeAll(async () => {
  pair = await watchedPair('flows', (flows) => void told.push(...flows));
}, 60_000);
afterAll(() => pair?.close());

const of = (netns: number, port: number): FlowRecord[] => told.filter((f) => f.netns === netns && f.port === port);
const sum = (
  flows: readonly FlowRecord[],
  what: 'sentBytes' | 'receivedBytes' | 'opened' | 'closed' | 'sentPackets',
): number => flows.reduce((all, flow) => all + flow[what], 0);
const look = async (): Promise<void> => {
  await pair.watch.command('look');
  await pair.watch.command('flush');
};

it('short connections are told from both ends, under the service’s port', async () => {
  const { a, b } = pair;
  await b.python('l = listen(8080)');
  for (let i = 0; i < 4; i++) {
    await a.python(`s = tcp(); s.connect(('${b.ipv4}', 8080)); s.sendall(b'q' * 1000)`);
    await b.python(`c, _ = l.accept(); n = 0
while n < 1000: n += len(c.recv(4096))
c.sendall(b'r' * 50000); c.close()`);
    await a.python(`n = 0
while n < 50000: n += len(s.recv(65536))
s.close()`);
  }
  await vi.waitFor(
    async () => {
      await look();
      expect([sum(of(a.inode, 8080), 'closed'), sum(of(b.inode, 8080), 'closed')]).toEqual([4, 4]);
    },
    { timeout: 20_000, interval: 200 },
  );
  const [out, into] = [of(a.inode, 8080), of(b.inode, 8080)];
  for (const one of out)
    expect(one).toMatchObject({
      direction: 'out',
      peer: b.ipv4,
      address: a.ipv4,
      pod: null,
      family: 'ipv4',
      protocol: 6,
    });
  for (const one of into)
    expect(one).toMatchObject({ direction: 'in', peer: a.ipv4, address: b.ipv4, pod: { name: 'b' } });
  // The SYN and the FIN of the one who connects are counted by the kernel as a byte each.
  expect(sum(out, 'sentBytes')).toBeGreaterThanOrEqual(4000);
  expect(sum(out, 'sentBytes')).toBeLessThanOrEqual(4008);
  expect(sum(out, 'receivedBytes')).toBeGreaterThanOrEqual(200_000);
  expect(sum(out, 'receivedBytes')).toBeLessThanOrEqual(200_004);
  expect(sum(into, 'receivedBytes')).toBeGreaterThanOrEqual(4000);
  expect(sum(into, 'opened')).toBe(4);
  expect(sum(out, 'sentPackets')).toBeGreaterThan(12);
});

it('a connection that lasts is told of while it lasts, and at its end no byte twice', async () => {
  const { a, b } = pair;
  await b.python(`l6 = listen6(9443)`);
  await a.python(`s6 = tcp6(); s6.connect(('${b.ipv6}', 9443))`);
  await b.python('c6, _ = l6.accept()');
  const send = async (bytes: number): Promise<void> => {
    await a.python(`s6.sendall(b'x' * ${bytes})`);
    await b.python(`n = 0
while n < ${bytes}: n += len(c6.recv(65536))`);
  };
  const until = (bytes: number, closed: number) =>
    vi.waitFor(
      async () => {
        await look();
        const own = of(a.inode, 9443);
        expect(sum(own, 'sentBytes')).toBeGreaterThanOrEqual(bytes);
        expect(sum(own, 'closed')).toBe(closed);
      },
      { timeout: 20_000, interval: 200 },
    );
  await send(10_000);
  await until(10_000, 0);
  await send(30_000);
  await until(40_000, 0);
  await send(5000);
  await a.python('s6.close()');
  await b.python('c6.close()');
  await until(45_000, 1);
  const own = of(a.inode, 9443);
  expect(sum(own, 'sentBytes')).toBeLessThanOrEqual(45_002);
  expect(sum(own, 'opened')).toBe(1);
  expect(own[0]).toMatchObject({ family: 'ipv6', peer: b.ipv6, direction: 'out' });
});

it('raw tracepoints, as on a kernel without typed ones, tell the same of the same connections', async () => {
  const { a, b } = pair;
  const raw = spawn(builtSidecar, ['--raw'], { stdio: ['pipe', 'pipe', 'inherit'], env: {} });
  const ended = new Promise((resolve) => raw.on('close', resolve));
  try {
    const reader = new WatchFrameReader();
    const frames: WatchFrame[] = [];
    raw.stdout.on('data', (chunk: Buffer) => frames.push(...reader.push(chunk)));
    await vi.waitFor(() => expect(frames.some(({ type }) => type === 'window')).toBe(true), {
      timeout: 60_000, // as long as the pair's own may take
    });
    for (const [listen, open, address] of [
      ['listen', 'tcp', b.ipv4],
      ['listen6', 'tcp6', b.ipv6],
    ]) {
      await b.python(`r = ${listen}(8082)`);
      await a.python(`s = ${open}(); s.connect(('${address}', 8082)); s.sendall(b'q' * 3000)`);
      await b.python(`c, _ = r.accept(); n = 0
while n < 3000: n += len(c.recv(4096))
c.close(); r.close()`);
      await a.python('s.close()');
    }
    const numbers = (flow: FlowRecord | Flow) => [flow.sentBytes, flow.receivedBytes, flow.sentPackets, flow.closed];
    const summed = (flows: readonly (FlowRecord | Flow)[]) =>
      flows.map(numbers).reduce((all, one) => all.map((n, i) => n + (one[i] ?? 0)), [0, 0, 0, 0]);
    const rawFlows = (netns: number) =>
      frames.flatMap((f) => (f.type === 'flows' ? f.flows : [])).filter((f) => f.netns === netns && f.port === 8082);
    await vi.waitFor(
      async () => {
        await look();
        for (const { inode } of [a, b]) {
          expect(summed(of(inode, 8082))[3]).toBe(2);
          expect(summed(rawFlows(inode))).toEqual(summed(of(inode, 8082)));
        }
      },
      { timeout: 20_000, interval: 200 },
    );
    const told = (of: keyof typeof PROBES, metric: number) =>
      frames
        .flatMap((f) => (f.type === 'histograms' ? f.histograms : []))
        .filter((h) => h.netns === a.inode && h.probe === PROBES[of].id && h.metric === metric && h.peer.port === 8082);
    const connects = told('connects', 1);
    expect(connects.reduce((all, { count }) => all + count, 0)).toBe(2);
    for (const { sum } of connects) expect(sum).toBeLessThan(1_000_000);
    const sent = told('connections', 3);
    expect(sent.reduce((all, { count }) => all + count, 0)).toBe(2);
    expect(sent.reduce((all, one) => all + one.sum, 0)).toBe(summed(rawFlows(a.inode))[0]);
  } finally {
    raw.stdin.end();
    await ended;
  }
}, 120_000);

it('more far ends in a window than there is room for: the table holds its limit, and each connection that found none is counted', async () => {
  const { a, b } = pair;
  const connections = 5000; // each is one of `a` and one of `b`, whose near ends differ too
  const most = 8192; // NV_FLOWS_MAX
  b.run(['ip', 'route', 'add', 'local', '10.80.0.0/16', 'dev', 'lo']);
  await b.python('many = listen(8083)');
  const sidecar = spawn(builtSidecar, [], { stdio: ['pipe', 'pipe', 'inherit'], env: {} });
  const ended = new Promise((resolve) => sidecar.on('close', resolve));
  try {
    const reader = new WatchFrameReader();
    const frames: WatchFrame[] = [];
    sidecar.stdout.on('data', (chunk: Buffer) => frames.push(...reader.push(chunk)));
    const window = () =>
      vi.waitFor(() => expect(frames.some(({ type }) => type === 'window')).toBe(true), { timeout: 60_000 });
    const counted = () =>
      frames
        .flatMap((f) => (f.type === 'counters' ? f.counters : []))
        .findLast(({ probe }) => probe === PROBES.connections.id);
    await window();
    const before = counted()?.unobserved ?? 0;
    frames.length = 0;
    sidecar.kill('SIGSTOP'); // so that all falls into one window
    await Promise.all([
      b.python(`for i in range(${connections}): many.accept()[0].close()`),
      a.python(`for i in range(${connections}):
  s = tcp(); s.connect((f'10.80.{i >> 8}.{i & 255}', 8083)); s.recv(1); s.close()`),
    ]);
    sidecar.kill('SIGCONT');
    await window();
    const flows = frames.flatMap((f) => (f.type === 'flows' ? f.flows : []));
    expect(flows.length).toBeLessThanOrEqual(most);
    expect(flows.length).toBeGreaterThan(most - 100); // others of the machine come and go
    const closed = () =>
      frames
        .flatMap((f) => (f.type === 'flows' ? f.flows : []))
        .filter(({ netns, port }) => port === 8083 && (netns === a.inode || netns === b.inode))
        .reduce((sum, flow) => sum + flow.closed, 0);
    expect(closed()).toBeGreaterThan(most / 2);
    // A flow and five histograms each. The last ones may end a moment after both programs: on a busy machine in the next window.
    await vi.waitFor(
      () => expect((counted()?.unobserved ?? 0) - before).toBeGreaterThanOrEqual(6 * (2 * connections - closed())),
      { timeout: 20_000, interval: 100 },
    );
  } finally {
    sidecar.kill('SIGCONT');
    sidecar.stdin.end();
    await ended;
  }
}, 120_000);
