/** Measurements on a real kernel: probes on for a bounded time, only what was gathered meanwhile, and off again. */
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type WatchedPair, watchedPair } from '../testing/watched-pair.ts';
import { type Measurer, measurerOf } from './measurer.ts';

let pair: WatchedPair;
let measurer: Measurer;
const wanted = new Set<string>();
beforeAll(async () => {
  pair = await watchedPair('measure');
  measurer = measurerOf(pair.watch, (probe) => wanted.has(probe), {
    warn: (fields, text) => console.warn(text, fields),
  });
});
afterAll(() => pair?.close());
beforeEach(() => wanted.clear());

const state = (name: string): string => pair.probe(name).state;
const traffic = (): Promise<string> =>
  pair.a.python(`s=socket(AF_INET,SOCK_DGRAM)
for i in range(20): s.sendto(b'x',('${pair.b.ipv4}',4001))`);

it('only what was gathered meanwhile is told, and a probe that was off is off again', async () => {
  expect(state('transmit')).toBe('off');
  expect(await measurer.begin('m1', ['transmit', 'drops'], 20_000)).toEqual([]);
  expect(state('transmit')).toBe('on');
  await traffic();
  const first = await measurer.end('m1');
  const sent = first.filter(({ metric, netns }) => metric === 'transmit-driver-microseconds' && netns === pair.a.inode);
  expect(sent.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(20);
  for (const { count, buckets } of first) expect(buckets.reduce((sum, n) => sum + n, 0)).toBe(count);
  expect([state('transmit'), state('drops')], 'drops was on before').toEqual(['off', 'on']);
  await traffic();
  await measurer.begin('m2', ['transmit'], 20_000);
  const later = (await measurer.end('m2')).filter(({ netns }) => netns === pair.a.inode);
  // The kernel may ask for a neighbour of its own accord meanwhile; what was sent before is not told.
  for (const { count } of later) expect(count).toBeLessThan(20);
});

it('two at a time: off with the last of them', async () => {
  await measurer.begin('m3', ['transmit'], 20_000);
  await measurer.begin('m4', ['transmit'], 20_000);
  await measurer.end('m3');
  expect(state('transmit')).toBe('on');
  await measurer.end('m4');
  expect(state('transmit')).toBe('off');
});

it('nobody ends it: it ends by itself', async () => {
  await measurer.begin('m5', ['transmit'], 300);
  await vi.waitFor(() => expect(state('transmit')).toBe('off'), { timeout: 10_000, interval: 50 });
  await expect(measurer.end('m5')).rejects.toThrow('not measured');
});

it('what is configured meanwhile stays; what the budget took back is not switched on; what there is not is refused', async () => {
  await measurer.begin('m6', ['transmit'], 20_000);
  wanted.add('transmit');
  await measurer.end('m6');
  expect(state('transmit')).toBe('on');
  await pair.watch.command('off transmit');
  expect(await measurer.begin('m7', ['transmit', 'nothing'], 20_000)).toEqual([
    { probe: 'transmit', reason: expect.stringContaining('budget') },
    { probe: 'nothing', reason: 'unknown probe' },
  ]);
  await measurer.end('m7');
  expect(state('transmit')).toBe('off');
});
