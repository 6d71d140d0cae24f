import { expect, test } from 'vitest';
import { nameOf, planOf } from './plan.ts';

const options = { durationMs: 60_000, everyMs: 1000, services: ['api-1', 'topology-1'], natsNodes: ['n1', 'n2', 'n3'] };

test('the same seed gives the same plan, another seed another', () => {
  expect(planOf({ ...options, seed: 7 })).toEqual(planOf({ ...options, seed: 7 }));
  expect(planOf({ ...options, seed: 8 })).not.toEqual(planOf({ ...options, seed: 7 }));
});

test('a plan that is long enough has every kind of failure, in the order of time and within its duration', () => {
  const plan = planOf({ ...options, seed: 1 });
  const names = new Set(plan.map(nameOf));
  for (const name of [
    'kill api-1',
    'kill topology-1',
    'kill n1',
    'kill n2',
    'kill n3',
    'lose-streams',
    'redis',
    'postgres',
    'cut',
  ])
    expect(names).toContain(name);
  expect(plan.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['pause', 'wipe']));
  const times = plan.map(({ atMs }) => atMs);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times.at(-1)).toBeLessThan(60_000);
});
