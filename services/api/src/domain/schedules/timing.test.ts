import { expect, test } from 'vitest';
import { checkTiming, dueRuns, nextAfter } from './timing.ts';

const at = (text: string): Date => new Date(`2026-03-${text}Z`);
const every = (next: string, every_ms = 300_000) => ({ every_ms, cron: null, time_zone: null, next_due_at: at(next) });
const cron = (next: string, expression: string, time_zone = 'UTC') => ({
  ...{ every_ms: null, cron: expression, time_zone, next_due_at: at(next) },
});

test.each([
  ['nothing is due before its time', every('01T12:00:00'), '01T11:59:58', null, 0, '01T12:00:00'],
  [
    'a clock that is a little early begins it',
    every('01T12:00:00'),
    '01T11:59:59.500',
    '01T12:00:00',
    0,
    '01T12:05:00',
  ],
  [
    'late by less than an interval, it is run late',
    every('01T12:00:00'),
    '01T12:04:58',
    '01T12:00:00',
    0,
    '01T12:05:00',
  ],
  [
    'three intervals late, the latest is run and three are missed',
    every('01T12:00:00'),
    '01T12:16:00',
    '01T12:15:00',
    3,
    '01T12:20:00',
  ],
  ['a cron runs when it says', cron('01T12:00:00', '0 12 * * *'), '01T12:00:00', '01T12:00:00', 0, '02T12:00:00'],
  ['two days later one was missed', cron('01T12:00:00', '0 12 * * *'), '02T13:00:00', '02T12:00:00', 1, '03T12:00:00'],
])('%s', (_what, row, now, due, missed, next) => {
  const found = dueRuns(row, at(now));
  expect([found.due, found.missed?.count ?? 0, found.next]).toEqual([due === null ? null : at(due), missed, at(next)]);
});

test('what was missed says from when to when', () => {
  expect(dueRuns(every('01T12:00:00'), at('01T12:16:00')).missed).toEqual({
    count: 3,
    first: at('01T12:00:00'),
    last: at('01T12:10:00'),
  });
});

test('after years away it does not count for ever, and goes on from now', () => {
  const found = dueRuns(cron('01T12:00:00', '* * * * *'), new Date('2027-03-01T12:00:30Z'));
  expect(found.missed?.count).toBe(1000);
  expect(found.next).toEqual(new Date('2027-03-01T12:01:00Z'));
});

test('a time zone is that of the wall clock, also over the change to summer time', () => {
  const row = { every_ms: null, cron: '30 8 * * *', time_zone: 'Europe/Berlin' };
  expect(nextAfter(row, at('28T10:00:00'))).toEqual(at('29T06:30:00'));
  expect(nextAfter(row, at('27T10:00:00'))).toEqual(at('28T07:30:00'));
});

test.each([
  ['an interval', { everyMs: 60_000 }, []],
  ['a cron in a zone', { cron: '*/5 8-18 * * 1-5', timeZone: 'Europe/Berlin' }, []],
  ['neither', {}, ['/everyMs']],
  ['both', { everyMs: 60_000, cron: '* * * * *' }, ['/cron']],
  ['a zone without cron', { everyMs: 60_000, timeZone: 'UTC' }, ['/timeZone']],
  ['a zone that is none', { cron: '* * * * *', timeZone: 'Mars/Olympus' }, ['/timeZone']],
  ['an offset as a zone', { cron: '* * * * *', timeZone: '+02:00' }, ['/timeZone']],
  ['a minute that no hour has', { cron: '61 * * * *' }, ['/cron']],
  ['words', { cron: 'every day at noon please' }, ['/cron']],
  ['a day that never comes', { cron: '0 0 30 2 *' }, ['/cron']],
])('%s is judged', (_what, asked, pointers) => {
  expect(checkTiming(asked).map(({ pointer }) => pointer)).toEqual(pointers);
});
