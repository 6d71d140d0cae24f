import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SingleFlight } from './single-flight.ts';

function slow(ms = 30) {
  const state = { runs: 0, atOnce: 0, most: 0 };
  const flight = new SingleFlight(async () => {
    state.most = Math.max(state.most, ++state.atOnce);
    const run = ++state.runs;
    await pause(ms);
    state.atOnce--;
    return run;
  });
  return { state, flight };
}

it('all who accept its age share one reading', async () => {
  const { state, flight } = slow();
  const all = await Promise.all(Array.from({ length: 50 }, () => flight.get(1000)));
  expect(new Set(all.map((a) => a.value))).toEqual(new Set([1]));
  expect(state.runs).toBe(1);
  expect((await flight.get(1000)).value).toBe(1);
});

it('who wants it fresh does not join a reading that began before, and shares the next with its like', async () => {
  const { state, flight } = slow();
  const first = flight.get(0);
  await pause(5);
  const later = await Promise.all(Array.from({ length: 20 }, () => flight.get(0)));
  expect((await first).value).toBe(1);
  expect(new Set(later.map((a) => a.value))).toEqual(new Set([2]));
  expect(state).toMatchObject({ runs: 2, most: 1 });
});

it('a failed reading fails those who waited for it and no other', async () => {
  let fail = true;
  const flight = new SingleFlight(async () => {
    await pause(10);
    if (fail) throw new Error('gone');
    return 1;
  });
  const first = flight.get(0);
  await pause(2);
  const next = flight.get(0);
  await expect(first).rejects.toThrow('gone');
  fail = false;
  expect((await next).value).toBe(1);
});
