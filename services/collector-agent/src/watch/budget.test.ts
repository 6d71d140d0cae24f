import { expect, it } from 'vitest';
import { withinBudget } from './budget.ts';
import type { Aggregate } from './records.ts';

const aggregate = (port: number, count: number, probe = 0, netns = 1): Aggregate => ({
  key: {
    netns,
    probe,
    reason: 3,
    location: 0n,
    direction: 'in',
    family: 'ipv4',
    protocol: 17,
    source: { address: '10.0.0.1', port: null },
    destination: { address: '10.0.0.2', port },
    detail: 0,
    ifindex: 2,
  },
  count,
  bytes: count * 10,
  firstNs: BigInt(port),
  lastNs: BigInt(port),
  samples: 1,
  coarse: false,
});

it('few keys are told as they are', () => {
  const few = [aggregate(1, 5), aggregate(2, 6)];
  expect(withinBudget(few, 2)).toEqual(few);
});

it('of many the greatest stay, the others are counted together; no event is left out', () => {
  const many = Array.from({ length: 1000 }, (_, i) => aggregate(i + 1, (i % 10) + 1, i % 2, 1 + (i % 3)));
  const told = withinBudget(many, 50);
  expect(told.length).toBe(2 * (50 + 3)); // two probes, three namespaces
  const sum = (of: readonly Aggregate[]): number => of.reduce((total, { count }) => total + count, 0);
  expect(sum(told)).toBe(sum(many));
  const rest = told.filter(({ coarse }) => coarse);
  expect(rest).toHaveLength(6);
  expect(rest[0]?.key).toMatchObject({ family: null, destination: { address: null, port: null }, reason: 3 });
  expect(Math.min(...told.filter(({ coarse }) => !coarse).map(({ count }) => count))).toBeGreaterThan(8);
});
