import { expect, test } from 'vitest';
import { distance, nearest } from './nearest.ts';

test('the distance is the number of letters to change', () => {
  expect([
    distance('', 'abc'),
    distance('node-1', 'node-1'),
    distance('node-1', 'nod-2'),
    distance('ab', 'ba'),
  ]).toEqual([3, 0, 2, 2]);
});

test.each([
  ['default/cleint', ['default/client', 'default/web-1', 'kube-system/dns'], ['default/client']],
  ['client', ['default/client', 'default/web-1'], ['default/client']],
  ['node-9', ['node-1', 'node-2', 'node-3', 'node-4'], ['node-1', 'node-2', 'node-3']],
  ['worker', ['node-1'], []],
])('who writes %s of %j may mean %j', (wanted, names, found) => {
  expect(nearest(wanted, names)).toEqual(found);
});
