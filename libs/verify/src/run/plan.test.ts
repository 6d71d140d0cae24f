import { expect, it } from 'vitest';
import { generate } from '../generate/generate.ts';
import { FLOWS_PER_WORLD, type PlannedWorld, planOf } from './plan.ts';

const heldBy = (seed: number, plan: readonly PlannedWorld[]): number =>
  plan.reduce((sum, { index, flows }) => sum + generate(seed, index, flows).flows.length, 0);

it.each([
  [1, 500],
  [2, 500],
  [3, 1],
  [4, 130],
])('seed %i: the worlds hold the %i packets that were asked for, and the last of them is needed', (seed, flows) => {
  const plan = planOf(seed, flows);
  expect(heldBy(seed, plan)).toBeGreaterThanOrEqual(flows);
  const few = Math.ceil(flows / FLOWS_PER_WORLD);
  if (plan.length > few) expect(heldBy(seed, plan.slice(0, -1))).toBeLessThan(flows);
});

it('some seed’s first worlds are short of packets: the next ones follow, in order, and the first stay as they are', () => {
  const plans = [1, 2, 3, 4].map((seed) => planOf(seed, 500));
  expect(plans.some((plan) => plan.length > 500 / FLOWS_PER_WORLD)).toBe(true);
  for (const plan of plans) {
    expect(plan.map(({ index }) => index)).toEqual(plan.map((_, i) => i));
    expect(plan.slice(0, 20).map(({ flows }) => flows)).toEqual(Array(20).fill(FLOWS_PER_WORLD));
  }
});
