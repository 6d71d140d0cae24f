import { expect, test } from 'vitest';
import { type Attempted, afterAttempt, parseRetryAfter, RETRIES } from './after-attempt.ts';

const answered = (status: number | null, change: Partial<Attempted> = {}): Attempted => ({
  status,
  error: status !== null && status < 300 ? null : 'failed',
  refused: false,
  retryAfterMs: null,
  ...change,
});
const waits = (random: number): (number | null)[] =>
  Array.from({ length: 10 }, (_, failed) => afterAttempt(answered(500), failed, RETRIES, random).retryInMs);

test('attempts go on over about a day with growing waits, and then end', () => {
  const all = waits(0.5);
  expect(all.at(-1)).toBeNull();
  const given = all.filter((wait) => wait !== null);
  expect(given).toEqual(given.toSorted((a, b) => a - b));
  const hours = given.reduce((sum, wait) => sum + wait, 0) / 3_600_000;
  expect(hours).toBeGreaterThan(23);
  expect(hours).toBeLessThan(24);
});

test('no two that failed together are tried together: a fifth more or less', () => {
  expect([waits(0)[1], waits(1)[1]]).toEqual([24_000, 36_000]);
});

test('Retry-After lengthens the wait, pauses the receiver, and is bounded by a day', () => {
  const asked = afterAttempt(answered(429, { retryAfterMs: 60_000 }), 0, RETRIES, 0.5);
  expect([asked.retryInMs, asked.health(0)]).toEqual([60_000, { failures: 1, pauseMs: 60_000 }]);
  expect(afterAttempt(answered(503, { retryAfterMs: 1e12 }), 0, RETRIES, 0.5).retryInMs).toBe(86_400_000);
  expect(afterAttempt(answered(429, { retryAfterMs: 10 }), 0, RETRIES, 0.5).retryInMs).toBe(5000);
});

test('410 ends it and switches the webhook off; an address that is refused ends it only', () => {
  expect(afterAttempt(answered(410), 0, RETRIES, 0.5)).toMatchObject({
    retryInMs: null,
    disable: 'the receiver answered 410 Gone',
  });
  expect(afterAttempt(answered(null, { refused: true }), 0, RETRIES, 0.5)).toMatchObject({
    retryInMs: null,
    disable: null,
  });
});

test('the fifth failure in a row opens the circuit, each further one for twice as long up to ten minutes; an answer closes it', () => {
  const { health } = afterAttempt(answered(null), 0, RETRIES, 0.5);
  expect(health(3)).toEqual({ failures: 4, pauseMs: null });
  expect(health(4)).toEqual({ failures: 5, pauseMs: 10_000 });
  expect(health(5)).toEqual({ failures: 6, pauseMs: 20_000 });
  expect(health(50)).toEqual({ failures: 51, pauseMs: 600_000 });
  for (const status of [200, 204, 400, 404])
    expect(afterAttempt(answered(status), 0, RETRIES, 0.5).health(9)).toEqual({ failures: 0, pauseMs: null });
});

test.each([
  ['120', 120_000],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 30_000],
  ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
  ['soon', null],
  [undefined, null],
])('Retry-After: %s', (text, expected) => {
  expect(parseRetryAfter(text, 30_000)).toBe(expected);
});
