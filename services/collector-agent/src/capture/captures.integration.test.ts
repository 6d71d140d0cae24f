/** The real helper in scratch namespaces, into a real object store. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { CaptureOrder, CaptureStatus } from '@netverdict/contracts';
import { type Engines, removeEngines, startEngines } from '@netverdict/embedded';
import { type Bus, connectBus } from '@netverdict/messaging';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { builtCapture } from '../configuration.ts';
import { type Interpreter, interpreterIn } from '../testing/interpreter.ts';
import { readPcapng } from '../testing/pcapng.ts';
import { type Scratch, scratchNamespace } from '../testing/scratch.ts';
import { type Captures, capturesOf } from './captures.ts';

const dir = mkdtempSync(join(tmpdir(), 'nv-capture-'));
const node = 'node-1';
let engines: Engines;
let agent: Bus;
let api: Bus;
let pod: Scratch;
let python: Interpreter;
let captures: Captures;
const lines: string[] = [];
const log = {
  info: (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`),
  warn: (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`),
};

beforeAll(async () => {
  engines = await startEngines({ dir, only: ['nats'], clusters: [{ name: 'default', nodes: [node] }] });
  const connect = (user: Bus['user']): Promise<Bus> =>
    connectBus({ url: engines.natsUrl, nkeySeedFile: engines.natsKeyFile(user), user });
  api = await connect({ role: 'api' });
  agent = await connect({ role: 'agent', cluster: 'default', node });
  pod = scratchNamespace('capture');
  python = interpreterIn(pod.name);
  await python.run("a=socket(AF_INET,SOCK_DGRAM); b=socket(AF_INET,SOCK_DGRAM); b.bind(('127.0.0.1',9000))");
});
afterAll(async () => {
  python?.close();
  pod?.remove();
  await agent?.close();
  await api?.close();
  await engines?.stop();
  await removeEngines(dir);
});
beforeEach(() => {
  captures = capturesOf({
    node,
    hostNetns: pod.path,
    helperPath: builtCapture,
    pods: { list: async () => [{ namespace: 'shop', name: 'web-1', path: pod.path }] },
    store: agent.captures('default'),
    log,
  });
});
afterEach(() => captures.close());

const order = (change: Partial<CaptureOrder> = {}): CaptureOrder => ({
  captureId: `cap_${randomUUID()}`,
  target: { kind: 'pod', namespace: 'shop', name: 'web-1' },
  interface: null,
  filter: 'udp port 9000',
  snapLength: 65_535,
  durationMs: 20_000,
  mostBytes: 1024 * 1024,
  files: 1,
  ...change,
});
const send = (count: number, size: number, port = 9000): Promise<string> =>
  python.run(`for i in range(${count}): a.sendto(b'%06d' % i + b'x'*${size - 6}, ('127.0.0.1',${port}))`);
const statusOf = (captureId: string): Promise<CaptureStatus | null> =>
  api.captures('default').status({ node, captureId });
const until = (captureId: string, holds: (status: CaptureStatus) => boolean): Promise<CaptureStatus> =>
  vi.waitFor(
    async () => {
      const status = await statusOf(captureId);
      if (status === null || !holds(status)) throw new Error(JSON.stringify(status));
      return status;
    },
    { timeout: 20_000, interval: 50 },
  );
async function stored({ captureId, files }: CaptureStatus): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for (const { file, slot, parts, bytes } of files) {
    let length = 0;
    for (let part = 0; part < parts; part++) {
      const piece = await api.captures('default').part({ node, captureId, slot, part, file });
      if (piece === null) throw new Error(`part ${part} of file ${file} is missing`);
      all.push(piece);
      length += piece.length;
    }
    expect(length).toBe(bytes);
  }
  return Buffer.concat(all);
}
const numbers = (packets: readonly { readonly bytes: Buffer }[]): number[] =>
  packets.map(({ bytes }) => Number(bytes.subarray(42, 48).toString()));

test('what the filter takes is stored as pcapng with interface, pod and node; nothing else is', async () => {
  const asked = order();
  expect(await captures.begin(asked)).toEqual({ kind: 'began', interfaces: ['lo'], leftOut: [] });
  const before = BigInt(Date.now()) * 1_000_000n;
  await send(20, 100);
  await send(20, 100, 9001);
  await until(asked.captureId, ({ packets }) => packets === 20);
  expect(await captures.stop(asked.captureId)).toEqual({ kind: 'stopped' });
  const status = await until(asked.captureId, ({ state }) => state !== 'running');
  expect(status).toMatchObject({ state: 'completed', reason: 'stopped', packets: 20, dropped: 0 });
  const [section, ...more] = readPcapng(await stored(status));
  expect(more).toEqual([]);
  expect(section?.comment).toBe(`pod shop/web-1 on node-1, filter: udp port 9000; ${asked.captureId}`);
  expect(section?.interfaces).toEqual([
    {
      name: 'lo',
      description: 'pod shop/web-1 on node-1',
      filter: 'udp port 9000',
      linkType: 1,
      received: expect.any(BigInt),
      dropped: 0n,
    },
  ]);
  expect(numbers(section?.packets ?? [])).toEqual(Array.from({ length: 20 }, (_, i) => i));
  for (const { at, length, bytes } of section?.packets ?? []) {
    expect(length).toBe(142);
    expect(bytes).toHaveLength(142);
    expect(at > before && at < BigInt(Date.now()) * 1_000_000n).toBe(true);
  }
  expect(lines.some((line) => line.includes('a capture begins') && line.includes(asked.captureId))).toBe(true);
});

test.each([
  ['tcp prot 80', "can't parse filter expression: syntax error"],
  ['tcp and udp', 'expression rejects all packets'],
  ['host www.example.com', "unknown host 'www.example.com'"],
  ['net backbone', "unknown network 'backbone'"],
  ['port 99999', 'illegal port number 99999 > 65535'],
  ['$(reboot); tcp', "can't parse filter expression: syntax error"],
])('the filter "%s" is refused with libpcap’s message, and nothing begins', async (filter, message) => {
  const began = performance.now();
  const asked = order({ filter });
  expect(await captures.begin(asked)).toEqual({ kind: 'refused', why: 'filter', message });
  // A name that is looked up takes seconds where there is no DNS.
  expect(performance.now() - began).toBeLessThan(9000);
  expect(await statusOf(asked.captureId)).toBeNull();
});

test('a pod, an interface or a helper that is not there is refused by name', async () => {
  const nobody = await captures.begin(order({ target: { kind: 'pod', namespace: 'shop', name: 'web-2' } }));
  expect(nobody).toEqual({ kind: 'refused', why: 'target', message: 'no running pod shop/web-2 on node node-1' });
  const nowhere = await captures.begin(order({ interface: 'eth7' }));
  expect(nowhere).toEqual({ kind: 'refused', why: 'interface', message: 'there is no interface eth7 here' });
  const options = { node, hostNetns: pod.path, pods: { list: async () => [] }, store: agent.captures('default'), log };
  const unbuilt = await capturesOf({ ...options, helperPath: '/nowhere/capture' }).begin(order());
  expect(unbuilt).toMatchObject({ kind: 'refused', why: 'unavailable', message: expect.stringMatching(/not built/) });
});

test('the time and the size end a capture', async () => {
  const short = order({ durationMs: 300 });
  await captures.begin(short);
  expect(await until(short.captureId, ({ state }) => state !== 'running')).toMatchObject({ reason: 'duration' });
  const small = order({ mostBytes: 5000 });
  await captures.begin(small);
  await send(100, 400);
  const status = await until(small.captureId, ({ state }) => state !== 'running');
  expect(status).toMatchObject({ state: 'completed', reason: 'size', packets: 10 });
  expect(readPcapng(await stored(status))[0]?.packets).toHaveLength(10);
});

test('a ring keeps the newest files whole, each of them readable alone', async () => {
  const asked = order({ mostBytes: 100_000, files: 3 });
  await captures.begin(asked);
  for (let i = 0; i < 10; i++) {
    await send(100, 1000);
    await pause(30);
  }
  await until(asked.captureId, ({ packets }) => packets === 1000);
  await captures.stop(asked.captureId);
  const status = await until(asked.captureId, ({ state }) => state !== 'running');
  expect(status.files.map(({ file, slot }) => [file, slot])).toEqual(
    [2, 1, 0].map((age) => [(status.files.at(-1)?.file ?? 0) - age, ((status.files.at(-1)?.file ?? 0) - age) % 3]),
  );
  expect(status.files.at(-1)?.file).toBeGreaterThan(8);
  const sections = readPcapng(await stored(status));
  expect(sections).toHaveLength(3);
  for (const { interfaces } of sections) expect(interfaces[0]?.name).toBe('lo');
  const kept = numbers(sections.flatMap(({ packets }) => packets));
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => (1000 - kept.length + i) % 100));
  expect(kept.length).toBeGreaterThan(190);
});

test('only so many run at once, and the same order twice is one capture', async () => {
  const all = [order(), order(), order(), order()];
  for (const one of all) expect(await captures.begin(one)).toMatchObject({ kind: 'began' });
  expect(await captures.begin(order())).toMatchObject({ kind: 'refused', why: 'busy' });
  const [first] = all;
  if (first === undefined) throw new Error('none');
  expect(await captures.begin(first)).toEqual({ kind: 'began', interfaces: ['lo'], leftOut: [] });
  await captures.close();
  for (const { captureId } of all)
    expect(await until(captureId, ({ state }) => state !== 'running')).toMatchObject({ reason: 'stopped' });
  expect(await captures.stop(first.captureId)).toMatchObject({ kind: 'refused', why: 'unknown' });
});

test('an object store that is away is waited for; what the kernel could not keep meanwhile is counted', async () => {
  const asked = order({ mostBytes: 64 * 1024 * 1024 });
  await captures.begin(asked);
  await send(100, 1000);
  await until(asked.captureId, ({ packets }) => packets === 100);
  await engines.stopEngine('nats', 'SIGKILL');
  await send(2000, 1000);
  await pause(1500);
  await engines.startEngine('nats');
  const { packets, dropped } = await until(asked.captureId, (s) => s.packets + s.dropped >= 2100);
  expect(packets + dropped).toBe(2100);
  await captures.stop(asked.captureId);
  const status = await until(asked.captureId, ({ state }) => state !== 'running');
  expect(readPcapng(await stored(status))[0]?.packets).toHaveLength(status.packets);
}, 60_000);

test('a helper that is killed is a failed capture with what it had, and the helper dies with its parent', async () => {
  const asked = order();
  await captures.begin(asked);
  await send(10, 100);
  await until(asked.captureId, ({ packets }) => packets === 10);
  const pid = Number(/"pid":(\d+)/.exec(lines.findLast((line) => line.includes(asked.captureId)) ?? '')?.[1]);
  expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('netverdict-capture');
  process.kill(pid, 'SIGKILL');
  const status = await until(asked.captureId, ({ state }) => state !== 'running');
  expect(status).toMatchObject({ state: 'failed', reason: 'the capturing helper stopped: SIGKILL', packets: 10 });
  expect(readPcapng(await stored(status))[0]?.packets).toHaveLength(10);
});
