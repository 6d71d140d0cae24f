/** When runs are due. Pure. */
import type { InvalidField } from '@netverdict/contracts';
import type { DueRuns, ScheduleRow } from '@netverdict/store';
import { CronExpressionParser } from 'cron-parser';

export type Timing = Pick<ScheduleRow, 'every_ms' | 'cron' | 'time_zone'>;

/** A clock that wakes us may be that much before the database's. */
export const EARLY_MS = 1000;
/** Counted one by one: who was away for longer is told of so many. */
const MOST_COUNTED = 1000;

/** The first after it. */
export function nextAfter({ every_ms, cron, time_zone }: Timing, after: Date): Date {
  if (every_ms !== null) return new Date(after.getTime() + every_ms);
  return cronAt({ cron, time_zone }, after).next().toDate();
}

const cronAt = ({ cron, time_zone }: Pick<Timing, 'cron' | 'time_zone'>, currentDate: Date) =>
  CronExpressionParser.parse(cron ?? '', { currentDate, tz: time_zone ?? 'UTC' });

/** The latest that is due is begun, however late; those before it were missed. */
export function dueRuns(row: Timing & { readonly next_due_at: Date }, now: Date): DueRuns {
  const horizon = now.getTime() + EARLY_MS;
  if (row.next_due_at.getTime() > horizon) return { due: null, missed: null, next: row.next_due_at };
  const first = row.next_due_at;
  if (row.every_ms !== null) {
    const count = Math.floor((horizon - first.getTime()) / row.every_ms);
    const due = new Date(first.getTime() + count * row.every_ms);
    const last = new Date(due.getTime() - row.every_ms);
    return { due, missed: count === 0 ? null : { count, first, last }, next: nextAfter(row, due) };
  }
  const from = (at: Date) => cronAt(row, at);
  const due = from(new Date(horizon + 1))
    .prev()
    .toDate();
  const next = from(new Date(horizon)).next().toDate();
  // The first is of another cron, or of the same: it counts as one all the same.
  if (due.getTime() <= first.getTime()) return { due: first, missed: null, next };
  let count = 1;
  for (const times = from(first); count < MOST_COUNTED && times.next().getTime() < due.getTime(); ) count++;
  return { due, missed: { count, first, last: from(due).prev().toDate() }, next };
}

/** What the schema cannot say of when. */
export function checkTiming(asked: {
  readonly everyMs?: number;
  readonly cron?: string;
  readonly timeZone?: string;
}): InvalidField[] {
  const { everyMs, cron, timeZone } = asked;
  const errors: InvalidField[] = [];
  if ((everyMs === undefined) === (cron === undefined))
    errors.push({
      pointer: everyMs === undefined ? '/everyMs' : '/cron',
      detail: everyMs === undefined ? 'is missing, and cron too' : 'stands beside everyMs',
      expected: 'either everyMs or cron',
    });
  if (timeZone !== undefined && cron === undefined)
    errors.push({ pointer: '/timeZone', detail: 'has no meaning for everyMs', expected: 'no time zone, or cron' });
  if (timeZone !== undefined && !knownZone(timeZone))
    errors.push({
      pointer: '/timeZone',
      detail: `is ${JSON.stringify(timeZone)}`,
      expected: 'a name of the tz database, such as Europe/Berlin or UTC',
    });
  const wrong = cron === undefined ? null : wrongCron(cron);
  if (wrong !== null)
    errors.push({ pointer: '/cron', detail: wrong, expected: 'five fields, such as "*/5 8-18 * * 1-5"' });
  return errors;
}

/** Names only: what offsets ("+02:00") mean differs from reader to reader. */
function knownZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function wrongCron(cron: string): string | null {
  try {
    nextAfter({ every_ms: null, cron, time_zone: 'UTC' }, new Date(0));
    return null;
  } catch (error) {
    return `is not a cron expression that ever comes true: ${(error as Error).message}`;
  }
}
