/** The decoder on recorded bytes (fixtures/watch, made by record-fixture.ts), and on bytes that nobody should send. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type WatchFrame, WatchFrameReader } from './frames.ts';
import { PROBES } from './probes.ts';
import { WindowGatherer } from './windows.ts';

const here = import.meta.dirname;
const recorded = readFileSync(join(here, '../../fixtures/watch/drops.bin'));

function framesOf(bytes: Buffer, step = bytes.length): WatchFrame[] {
  const reader = new WatchFrameReader();
  const frames: WatchFrame[] = [];
  for (let at = 0; at < bytes.length; at += step) frames.push(...reader.push(bytes.subarray(at, at + step)));
  return frames;
}

function anomaliesOf(bytes: Buffer) {
  const gatherer = new WindowGatherer();
  return framesOf(bytes).flatMap((frame) => {
    const window = gatherer.take(frame);
    return window === null ? [] : gatherer.anomalies(window, () => null);
  });
}

it('frames are the same however the pipe cuts them', () => {
  const whole = framesOf(recorded);
  expect(whole.map((frame) => frame.type)).toEqual(
    expect.arrayContaining(['hello', 'dictionary', 'status', 'reply', 'samples', 'aggregates', 'counters', 'window']),
  );
  for (const step of [1, 7, 31, 33, 1000]) expect(framesOf(recorded, step)).toEqual(whole);
});

it('what was recorded becomes four anomalies with the kernel’s words and the events’ tuples', () => {
  const told = anomaliesOf(recorded).map(({ kind, reason, hook, count, tuple, samples }) => ({
    kind,
    reason,
    hook,
    count,
    to: `${tuple?.destination}:${tuple?.destinationPort}`,
    samples: samples?.length,
  }));
  const drop = { kind: 'packet-drop', hook: undefined };
  expect(told.sort((x, y) => x.to.localeCompare(y.to))).toEqual([
    { ...drop, reason: 'NO_SOCKET', count: 5, to: '::1:4001', samples: 3 },
    { ...drop, reason: 'NO_SOCKET', count: 1, to: '::1:4002', samples: 1 },
    { ...drop, reason: 'NETFILTER_DROP', hook: 'input', count: 5, to: '127.0.0.1:4001', samples: 3 },
    { ...drop, reason: 'NO_SOCKET', count: 1, to: '127.0.0.1:4002', samples: 1 },
  ]);
});

it('a reply says why a command was refused', () => {
  const replies = framesOf(recorded).flatMap((frame) => (frame.type === 'reply' ? [frame] : []));
  expect(replies.filter(({ id }) => id !== '1').map(({ id, problem }) => [id, problem])).toEqual([
    ['2', 'not a number that fits'],
    ['3', null],
  ]);
});

it.each([
  ['another program’s output', (b: Buffer) => b.fill('x', 0, 4), 'no frame'],
  ['a sidecar of another version', (b: Buffer) => b.writeUInt8(9, 4), 'build it again'],
  ['a frame that was left out', (b: Buffer) => b.writeUInt32LE(7, 12), 'where 1 was due'],
  ['a length that cannot be', (b: Buffer) => b.writeUInt32LE(0xffffffff, 8), 'cannot be'],
  ['an unknown type', (b: Buffer) => b.writeUInt8(99, 5), 'unknown type'],
])('%s is refused', (_, spoil, message) => {
  const bytes = Buffer.from(recorded);
  spoil(bytes);
  expect(() => framesOf(bytes)).toThrow(message);
});

it('forged bytes end in an error or in frames, never in anything else', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < 200; round++) {
    const bytes = Buffer.from(recorded);
    for (let i = 0; i < 4; i++) bytes.writeUInt8(random(256), random(bytes.length));
    try {
      anomaliesOf(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
    }
  }
});

it('probes have the same numbers and names here and in the native part', () => {
  const native = join(here, '../../native/watch');
  const numbers = new Map(
    [...readFileSync(join(native, 'probe_ids.h'), 'utf8').matchAll(/^\s+NV_(\w+) = (\d+),/gm)].map(
      ([, name = '', id]) => [name.toLowerCase().replaceAll('_', '-'), Number(id)] as const,
    ),
  );
  expect(new Map(Object.entries(PROBES).map(([name, { id }]) => [name, id]))).toEqual(numbers);
  // What is internal tells no anomalies, and is none of the probes here.
  const described = readdirSync(join(native, 'probes')).flatMap((file) => {
    const text = readFileSync(join(native, 'probes', file), 'utf8');
    return text.includes('.internal = true') ? [] : (text.match(/\.name = "([\w-]+)"/)?.[1] ?? []);
  });
  expect(described.sort()).toEqual([...numbers.keys()].sort());
});
