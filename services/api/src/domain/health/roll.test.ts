import { EVERY_CLUSTER, type ServiceHeartbeat } from '@netverdict/contracts';
import { expect, test } from 'vitest';
import { createRoll } from './roll.ts';

const beat = (replica: string, change: Partial<ServiceHeartbeat> = {}): ServiceHeartbeat => ({
  ...{ service: 'simulator', replica, version: '1', startedAt: '2026-01-01T00:00:00Z', dependencies: [] },
  ...change,
});

test('a replica runs while it is heard, is silent after, and is forgotten; one that ends in order is gone at once', () => {
  let nowMs = Date.parse('2026-01-01T00:00:00Z');
  const roll = createRoll(() => nowMs);
  roll.note(beat('a'), EVERY_CLUSTER, '2026-01-01T00:00:01.500Z');
  roll.note(beat('b', { service: 'topology' }), 'prod', '2026-01-01T00:00:00Z');
  expect(roll.list()).toMatchObject([
    { replica: 'a', cluster: null, state: 'running', clockOffsetMs: 1500 },
    { replica: 'b', cluster: 'prod', state: 'running', clockOffsetMs: 0 },
  ]);
  nowMs += 30_000;
  roll.note(beat('b', { service: 'topology' }), 'prod', '2026-01-01T00:00:30Z');
  expect(roll.list().map(({ replica, state, silentMs }) => [replica, state, silentMs])).toEqual([
    ['a', 'silent', 30_000],
    ['b', 'running', 0],
  ]);
  roll.note(beat('b', { service: 'topology', stopping: true }), 'prod', '2026-01-01T00:00:30Z');
  nowMs += 600_000;
  expect(roll.list()).toEqual([]);
});

test('that somebody is not there can be said only after a while of listening', () => {
  let nowMs = 0;
  const roll = createRoll(() => nowMs);
  nowMs = 60_000;
  expect(roll.settled()).toBe(false);
  roll.listening();
  expect(roll.settled()).toBe(false);
  nowMs += 11_000;
  expect(roll.settled()).toBe(true);
});
