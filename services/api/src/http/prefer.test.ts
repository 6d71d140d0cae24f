import { expect, test } from 'vitest';
import { parsePrefer } from './prefer.ts';

test.each([
  [undefined, null],
  ['', null],
  ['wait=10', 10_000],
  ['respond-async, wait=10', 10_000],
  ['respond-async; Wait = "5"', 5000],
  ['wait=600', 60_000],
  ['wait=0', null],
  ['wait=soon', null],
  ['wait=-1', null],
])('Prefer: %s waits %s ms', (header, ms) => {
  expect(parsePrefer(header)).toBe(ms);
});
