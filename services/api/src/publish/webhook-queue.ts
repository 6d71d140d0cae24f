/**
 * The queue of webhook attempts in Redis, and its reconciliation with the rows: whatever is due and not in the queue (it was just recorded;
 * Redis was away, or lost everything) is put in. A job's id is its delivery and attempt, so that it is there once, whichever replica
 * puts it in. Of one receiver no more is put in than it takes at once: the others wait in the rows.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Store } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Deliver } from './webhook.ts';

interface Job {
  readonly deliveryId: string;
  readonly attempt: number;
}

export interface WebhookQueue {
  /** Puts what is due into the queue, soon; the loop does the same. */
  reconcile(): void;
  close(): Promise<void>;
}

export interface WebhookQueueOptions {
  readonly redisUrl: string;
  readonly reconcileEveryMs: number;
  readonly trustedBelow: number;
  /** A replica that dies in the middle of an attempt: another takes it up after about that time. */
  readonly lockMs: number;
  /** The tables are there. */
  readonly ready: () => boolean;
  /** Of the keys in Redis. */
  readonly prefix?: string;
}

const NAME = 'webhook-deliveries';
const BATCH = 500;
/** Between two looks at the rows, whatever is told in between. */
const REST_MS = 50;
const CONCURRENCY = 32;

export function openWebhookQueue(
  options: WebhookQueueOptions,
  store: Pick<Store, 'deliveries'>,
  deliver: Deliver,
  log: Log,
): WebhookQueue {
  const prefix = options.prefix ?? 'netverdict';
  const retryStrategy = (times: number): number => Math.min(100 * 2 ** Math.min(times, 6), 3000);
  // The queue does not insist while Redis is away (the rows remember); the worker waits for it.
  const forQueue = new Redis(options.redisUrl, { maxRetriesPerRequest: 1, retryStrategy });
  const forWorker = new Redis(options.redisUrl, { maxRetriesPerRequest: null, retryStrategy });
  let away = false;
  const onError = (err: Error): void => {
    if (!away) log.warn({ err }, 'Redis is not available: webhooks wait, diagnoses do not');
    away = true;
  };
  forQueue.on('error', onError).on('ready', () => {
    if (away) log.info('Redis is available again');
    away = false;
    // It may have lost everything.
    reconcile();
  });
  forWorker.on('error', () => undefined);

  const queue = new Queue<Job>(NAME, { connection: forQueue, prefix });
  queue.on('error', () => undefined);
  const add = async ({ deliveryId, attempt }: Job, delayMs: number): Promise<void> => {
    if (forQueue.status !== 'ready') return;
    await queue.add(
      'deliver',
      { deliveryId, attempt },
      // BullMQ splits ids at colons, so a dash.
      { jobId: `${deliveryId}-${attempt}`, delay: delayMs, removeOnComplete: true, removeOnFail: true },
    );
  };
  const addDue = async (endpoint?: string): Promise<void> => {
    if (forQueue.status !== 'ready' || !options.ready()) return;
    const { trustedBelow } = options;
    const of = { limit: BATCH, trustedBelow, ...(endpoint === undefined ? {} : { endpoint }) };
    for (const row of await store.deliveries.due(of)) await add({ deliveryId: row.id, attempt: row.attempts }, 0);
  };
  /** What is not put in now is found by the loop. */
  const waits = (err: unknown): void => log.warn({ err }, 'webhook deliveries wait');

  const worker = new Worker<Job>(
    NAME,
    async ({ data }) => {
      const delivered = await deliver(data.deliveryId, data.attempt);
      if (delivered === null) return;
      const { endpoint, next } = delivered;
      if (next) await add({ deliveryId: data.deliveryId, attempt: next.attempt }, next.delayMs).catch(waits);
      await addDue(endpoint).catch(waits);
    },
    {
      connection: forWorker,
      prefix,
      concurrency: CONCURRENCY,
      lockDuration: options.lockMs,
      stalledInterval: options.lockMs,
    },
  );
  worker.on('error', () => undefined);
  worker.on('failed', (job, err) => log.warn({ err, deliveryId: job?.data.deliveryId }, 'a webhook attempt broke off'));

  let asked = false;
  let running: Promise<void> | null = null;
  let closed = false;
  const work = async (): Promise<void> => {
    while (asked && !closed) {
      asked = false;
      await addDue().catch(waits);
      await pause(REST_MS);
    }
  };
  const reconcile = (): void => {
    asked = true;
    running ??= work().finally(() => {
      running = null;
      if (asked && !closed) reconcile();
    });
  };
  const timer = setInterval(() => {
    if (options.ready()) store.deliveries.giveUp().catch(waits);
    reconcile();
  }, options.reconcileEveryMs);

  return {
    reconcile,
    async close() {
      closed = true;
      clearInterval(timer);
      await running;
      await Promise.race([
        Promise.allSettled([worker.close(forWorker.status !== 'ready'), queue.close()]),
        pause(2000, undefined, { ref: false }),
      ]);
      forQueue.disconnect();
      forWorker.disconnect();
    },
  };
}
