/** What is said of meshes that were kept. */
import type { PingCell, PingMeshDocument } from '@netverdict/contracts';
import { expect, it } from 'vitest';
import { everyText, roundText } from './ping-mesh-kept.ts';

const cell = (sent: number, answered: number): PingCell => ({
  from: 'pod a/b',
  to: 'pod a/c',
  sent,
  answered,
  loss: sent === 0 ? null : 1 - answered / sent,
  rttMs: { min: 1, p50: 1, p95: 1, p99: 1, max: 1 },
  outcomes: {},
  problem: sent === 0 ? 'no agent answers' : null,
});
const round = (cells: readonly PingCell[], problem: string | null = null): PingMeshDocument['rounds'][number] => ({
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:00:01.000Z',
  problem,
  cells: [...cells],
});

it.each([
  [undefined, 'once'],
  [30_000, 'every 30s'],
  [300_000, 'every 5m'],
  [3_600_000, 'every 1h'],
  [90_000, 'every 90s'],
])('%s ms is said as it is asked for: %s', (ms, text) => expect(everyText(ms)).toBe(text));

it('a round in a few words: its loss, what was not tried, or why there is nothing', () => {
  expect(roundText(round([cell(5, 5), cell(5, 5)]))).toBe('no loss');
  expect(roundText(round([cell(5, 4), cell(5, 5)]))).toBe('10.0 % lost');
  expect(roundText(round([cell(5, 5), cell(0, 0)]))).toBe('no loss, 1 pairs not tried');
  expect(roundText(round([], 'the bus is away'))).toBe('the bus is away');
  expect(roundText(undefined)).toBe('no round yet');
});
