/**
 * The clock of schedules: a job scheduler for each in Redis, made again from the rows, since Redis may lose everything. It only wakes: the
 * row says what is due, so that a job that comes twice, early or never changes nothing. What is overdue is begun without it.
 */
import { isUnavailable, type ScheduleQueries, type ScheduleRow } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import { type JobSchedulerJson, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Clock } from '../domain/schedules/schedules.ts';

export interface ScheduleClock extends Clock {
  close(): Promise<void>;
}

const NAME = 'schedules';
/** Due for so long: the clock was away. */
const GRACE_MS = 3000;
const BATCH = 100;

/** The job scheduler that a row asks for is the one that is there. */
const same = (known: JobSchedulerJson<unknown>, { every_ms, cron, time_zone }: ScheduleRow): boolean =>
  (every_ms === null ? undefined : every_ms) === (known.every === undefined ? undefined : Number(known.every)) &&
  (cron ?? undefined) === (known.pattern || undefined) &&
  (cron === null || (time_zone ?? 'UTC') === known.tz);

export function openScheduleClock(
  options: {
    readonly redisUrl: string;
    readonly everyMs: number;
    readonly ready: () => boolean;
    readonly prefix?: string;
  },
  queries: Pick<ScheduleQueries, 'active' | 'overdue'>,
  due: (id: string) => Promise<boolean>,
  log: Log,
): ScheduleClock {
  const prefix = options.prefix ?? 'netverdict';
  const retryStrategy = (times: number): number => Math.min(100 * 2 ** Math.min(times, 6), 3000);
  const forQueue = new Redis(options.redisUrl, { maxRetriesPerRequest: 1, retryStrategy });
  const forWorker = new Redis(options.redisUrl, { maxRetriesPerRequest: null, retryStrategy });
  for (const redis of [forQueue, forWorker]) redis.on('error', () => undefined);
  const queue = new Queue<{ scheduleId: string }>(NAME, { connection: forQueue, prefix });
  queue.on('error', () => undefined);
  const worker = new Worker<{ scheduleId: string }>(
    NAME,
    async ({ data: { scheduleId } }) => {
      if (!options.ready()) return;
      if (!(await due(scheduleId))) await queue.removeJobScheduler(scheduleId);
    },
    { connection: forWorker, prefix, concurrency: 4 },
  );
  worker.on('error', () => undefined);
  worker.on('failed', (job, err) => log.warn({ err, scheduleId: job?.data.scheduleId }, 'a scheduled run waits'));

  async function put(row: ScheduleRow, known: JobSchedulerJson<unknown> | undefined): Promise<void> {
    if (known !== undefined && same(known, row)) return;
    const { id, every_ms, cron, time_zone } = row;
    const opts = { removeOnComplete: true, removeOnFail: true };
    const repeat =
      every_ms === null
        ? { pattern: cron ?? '', tz: time_zone ?? 'UTC' }
        : { every: every_ms, startDate: Math.max(row.next_due_at.getTime(), Date.now()) };
    await queue.upsertJobScheduler(id, repeat, { data: { scheduleId: id }, opts });
  }

  async function reconcile(): Promise<void> {
    if (!options.ready()) return;
    for (const id of await queries.overdue(GRACE_MS, BATCH)) await due(id);
    if (forQueue.status !== 'ready') return;
    // First those that are there: what is made meanwhile is not taken away.
    const known = new Map((await queue.getJobSchedulers(0, -1)).map((one) => [one.key, one]));
    const rows = new Map((await queries.active()).map((row) => [row.id, row]));
    for (const row of rows.values()) await put(row, known.get(row.id));
    for (const id of known.keys()) if (!rows.has(id)) await queue.removeJobScheduler(id);
  }

  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const again = (): void => {
    timer = setTimeout(() => {
      running = reconcile()
        .catch((err: unknown) => {
          if (isUnavailable(err)) log.warn({ err }, 'schedules wait for the database');
          else log.warn({ err }, 'the clock of schedules could not be reconciled');
        })
        .finally(() => {
          if (!closed) again();
        });
    }, options.everyMs);
  };
  again();

  return {
    async set(row) {
      // While Redis is away nothing is insisted on: the reconciliation does it.
      if (forQueue.status === 'ready') await put(row, await queue.getJobScheduler(row.id));
    },
    async unset(id) {
      if (forQueue.status === 'ready') await queue.removeJobScheduler(id);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await running;
      await Promise.race([
        Promise.allSettled([worker.close(forWorker.status !== 'ready'), queue.close()]),
        new Promise((resolve) => setTimeout(resolve, 2000)),
      ]);
      forQueue.disconnect();
      forWorker.disconnect();
    },
  };
}
