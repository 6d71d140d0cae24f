/**
 * The queue of webhook attempts in Redis, and its reconciliation with the rows: whatever is due and not in the queue
 * (Redis was away, or lost everything) is put in again. A job's id is its delivery and attempt, so that it is there once.
 */
import type { Store } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { EnqueueDelivery } from '../domain/finish.ts';
import type { Deliver } from './webhook.ts';

interface Job {
  readonly deliveryId: string;
  readonly attempt: number;
}

export interface WebhookQueue {
  readonly enqueue: EnqueueDelivery;
  /** Puts what is due into the queue; the loop calls the same. */
  reconcile(): Promise<void>;
  close(): Promise<void>;
}

export interface WebhookQueueOptions {
  readonly redisUrl: string;
  readonly reconcileEveryMs: number;
  /** The tables are there. */
  readonly ready: () => boolean;
  /** Of the keys in Redis. */
  readonly prefix?: string;
}

const NAME = 'webhook-deliveries';
const BATCH = 200;

export function openWebhookQueue(
  options: WebhookQueueOptions,
  store: Pick<Store, 'webhooks'>,
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
    void reconcile();
  });
  forWorker.on('error', () => undefined);

  const queue = new Queue<Job>(NAME, { connection: forQueue, prefix });
  queue.on('error', () => undefined);
  const worker = new Worker<Job>(
    NAME,
    async (job) => {
      const next = await deliver(job.data.deliveryId, job.data.attempt);
      if (next) await add(job.data.deliveryId, next.attempt, next.delayMs);
    },
    { connection: forWorker, prefix, concurrency: 8 },
  );
  worker.on('error', () => undefined);
  worker.on('failed', (job, err) => log.warn({ err, deliveryId: job?.data.deliveryId }, 'a webhook attempt broke off'));

  const add = async (deliveryId: string, attempt: number, delayMs: number): Promise<void> => {
    if (forQueue.status !== 'ready') return;
    await queue.add(
      'deliver',
      { deliveryId, attempt },
      // BullMQ splits ids at colons, so a dash.
      { jobId: `${deliveryId}-${attempt}`, delay: delayMs, removeOnComplete: true, removeOnFail: true },
    );
  };
  const reconcile = async (): Promise<void> => {
    if (forQueue.status !== 'ready' || !options.ready()) return;
    try {
      for (const row of await store.webhooks.due(BATCH)) await add(row.id, row.attempts, 0);
    } catch (err) {
      log.warn({ err }, 'webhook deliveries could not be reconciled');
    }
  };
  const timer = setInterval(() => void reconcile(), options.reconcileEveryMs);

  return {
    enqueue: (deliveryId, attempt, delayMs) => {
      add(deliveryId, attempt, delayMs).catch((err: unknown) =>
        log.warn({ err, deliveryId }, 'a webhook waits for Redis'),
      );
    },
    reconcile,
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
