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

test('a cluster is away when its topology service was heard once, and nothing of it for a while in which others were', () => {
  let nowMs = 0;
  const roll = createRoll(() => nowMs);
  const hear = (service: ServiceHeartbeat['service'], cluster: string, change: Partial<ServiceHeartbeat> = {}): void =>
    roll.note(beat(`${service} ${cluster}`, { service, ...change }), cluster, '2026-01-01T00:00:00Z');
  /** This replica hears itself. */
  const pass = (ms: number): void => {
    for (const end = nowMs + ms; nowMs < end; ) {
      nowMs += 5000;
      hear('api', EVERY_CLUSTER);
    }
  };
  hear('topology', 'west');
  hear('topology', 'east');
  pass(20_000);
  hear('topology', 'east');
  expect([roll.awaySince('west', 20_000), roll.awaySince('east', 20_000)]).toEqual([null, null]);
  pass(5000);
  expect([roll.awaySince('west', 20_000), roll.awaySince('east', 20_000)]).toEqual([0, null]);
  expect(roll.awaySince('nobody ever heard of it', 20_000)).toBeNull();
  hear('topology', 'west');
  expect(roll.awaySince('west', 20_000)).toBeNull();

  // NATS is away: nobody is heard. Afterwards it takes others a while to be back.
  nowMs += 60_000;
  expect(roll.awaySince('west', 20_000)).toBeNull();
  hear('api', EVERY_CLUSTER);
  expect(roll.awaySince('west', 20_000)).toBeNull();
  pass(20_000);
  expect(roll.awaySince('west', 20_000)).toBeNull();
  pass(5000);
  expect(roll.awaySince('west', 20_000)).toBe(25_000);

  // One that ends in order is away as well, when nobody takes its place.
  hear('topology', 'west', { stopping: true });
  pass(25_000);
  expect(roll.awaySince('west', 20_000)).not.toBeNull();
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
