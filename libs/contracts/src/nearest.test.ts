import { expect, it, test } from 'vitest';
import { didYouMean, distance, nearest } from './nearest.ts';

it.each([
  ['', 'abc', 3],
  ['node-1', 'node-1', 0],
  ['node-1', 'nod-2', 2],
  ['ab', 'ba', 2],
  ['kitten', 'sitting', 3],
])('from %j to %j are %i letters to change', (a, b, letters) => {
  expect(distance(a, b)).toBe(letters);
});

it.each([
  ['default/cleint', ['default/client', 'default/web-1', 'kube-system/dns'], ['default/client']],
  ['client', ['default/client', 'default/web-1'], ['default/client']],
  ['shop/client', ['default/client', 'default/web-1'], ['default/client']],
  [
    'node-9',
    ['node-1', 'node-2', 'node-3', 'node-4', 'node-5', 'node-6'],
    ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'],
  ],
  ['worker', ['node-1'], []],
  ['web', ['my-web-app', 'wep', 'web-1', 'database', 'wep'], ['wep', 'web-1', 'my-web-app']],
])('who writes %s of %j may mean %j', (wanted, names, found) => {
  expect(nearest(wanted, names)).toEqual(found);
});

test('no more are proposed than asked for', () => {
  expect(nearest('node-9', ['node-1', 'node-2', 'node-3', 'node-4'], 3)).toEqual(['node-1', 'node-2', 'node-3']);
});

test('where nothing is near, nothing is proposed', () => {
  expect([didYouMean([]), didYouMean(['a', 'b'])]).toEqual(['', ' Did you mean a, b?']);
});
