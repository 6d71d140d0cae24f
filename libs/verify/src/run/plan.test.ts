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

it('where the first worlds are short of packets, the next ones follow, in order, and the first stay as they are', () => {
  const short = planOf(1, 500, ({ flows }) => Math.ceil(flows * 0.9));
  expect(short.map(({ index }) => index)).toEqual(short.map((_, i) => i));
  expect(short.slice(0, 20).map(({ flows }) => flows)).toEqual(Array(20).fill(FLOWS_PER_WORLD));
  // 20 with 23 packets each, then 23 of the 40 that are missing, 16 of 17, and the last one.
  expect(short.slice(20).map(({ flows }) => flows)).toEqual([25, 17, 1]);
});
