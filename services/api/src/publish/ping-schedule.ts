/** Rounds of scheduled ping meshes: job schedulers in Redis, made again from the rows, since Redis may lose everything. */
import type { PingMeshQueries } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

export interface PingSchedule {
  /** Does not insist while Redis is away: the next reconciliation does it. */
  set(id: string, everyMs: number): Promise<void>;
  unset(id: string): Promise<void>;
  close(): Promise<void>;
}

const NAME = 'ping-meshes';

export function openPingSchedule(
  options: {
    readonly redisUrl: string;
    readonly everyMs: number;
    readonly ready: () => boolean;
    readonly prefix?: string;
  },
  queries: Pick<PingMeshQueries, 'scheduled'>,
  round: (id: string) => Promise<void>,
  log: Log,
): PingSchedule {
  const prefix = options.prefix ?? 'netverdict';
  const retryStrategy = (times: number): number => Math.min(100 * 2 ** Math.min(times, 6), 3000);
  const forQueue = new Redis(options.redisUrl, { maxRetriesPerRequest: 1, retryStrategy });
  const forWorker = new Redis(options.redisUrl, { maxRetriesPerRequest: null, retryStrategy });
  for (const redis of [forQueue, forWorker]) redis.on('error', () => undefined);
  const queue = new Queue<{ meshId: string }>(NAME, { connection: forQueue, prefix });
  queue.on('error', () => undefined);
  const worker = new Worker<{ meshId: string }>(NAME, (job) => round(job.data.meshId), {
    connection: forWorker,
    prefix,
    concurrency: 4,
  });
  worker.on('error', () => undefined);
  worker.on('failed', (job, err) => log.warn({ err, meshId: job?.data.meshId }, 'a round of a ping mesh broke off'));

  /** The same scheduler again changes nothing. */
  async function set(id: string, everyMs: number): Promise<void> {
    if (forQueue.status !== 'ready') return;
    const removal = { removeOnComplete: true, removeOnFail: true };
    const first = Date.now() + everyMs;
    const known = await queue.getJobScheduler(id);
    if (known !== undefined && Number(known.every) === everyMs) return;
    await queue.upsertJobScheduler(id, { every: everyMs, startDate: first }, { data: { meshId: id }, opts: removal });
  }
  async function reconcile(): Promise<void> {
    if (!options.ready() || forQueue.status !== 'ready') return;
    for (const { id, every_ms } of await queries.scheduled()) if (every_ms !== null) await set(id, every_ms);
  }
  const timer = setInterval(
    () => void reconcile().catch((err: unknown) => log.warn({ err }, 'ping meshes could not be scheduled')),
    options.everyMs,
  );
  return {
    set,
    async unset(id) {
      if (forQueue.status === 'ready') await queue.removeJobScheduler(id);
    },
    async close() {
      clearInterval(timer);
      await Promise.race([
        Promise.allSettled([worker.close(forWorker.status !== 'ready'), queue.close()]),
        new Promise((resolve) => setTimeout(resolve, 2000)),
      ]);
      forQueue.disconnect();
      forWorker.disconnect();
    },
  };
}
