import { expect, test } from 'vitest';
import { HandledTally } from './handled.ts';

test('each message is in one outcome, and in every bucket that is long enough', () => {
  const tally = new HandledTally();
  tally.note('verdict', 'done', 0.02);
  tally.note('verdict', 'again', 0.4);
  tally.note('verdict', 'dead', 90);
  tally.note('path-built', 'done', 0.001);
  const [verdict, pathBuilt] = tally.list();
  expect(verdict).toMatchObject({ outcomes: { done: 1, again: 1, dead: 1 }, count: 3, seconds: 90.42 });
  const below = (le: number): number | undefined => verdict?.buckets.find((bucket) => bucket.le === le)?.count;
  expect([below(0.01), below(0.025), below(0.5), below(60)]).toEqual([0, 1, 2, 2]);
  expect(pathBuilt?.buckets.map(({ count }) => count)).toEqual(pathBuilt?.buckets.map(() => 1));
});
