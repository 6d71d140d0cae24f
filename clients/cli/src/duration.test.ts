import { expect, test } from 'vitest';
import { duration, size, whole } from './duration.ts';

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['1.5m', 90_000],
  ['1h', 3_600_000],
])('%s is %i ms', (text, ms) => expect(duration('--duration', text)).toBe(ms));

test.each(['30', 's', '-1s', '5 m', '1d', ''])('"%s" is no duration', (text) => {
  expect(() => duration('--duration', text)).toThrow(/--duration .*: write 500ms, 30s/);
});

test('sizes have binary units, numbers are whole', () => {
  expect([size('--size', '100'), size('--size', '2KiB'), size('--size', '64MiB')]).toEqual([100, 2048, 67_108_864]);
  expect(() => size('--size', '64MB')).toThrow(/write 100000, 512KiB or 64MiB/);
  expect(() => whole('--files', '1.5')).toThrow(/whole number/);
});
