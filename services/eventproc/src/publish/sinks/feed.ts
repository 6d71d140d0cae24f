/**
 * The bounded queue before one sink. Whoever offers never waits: over the bound the oldest go, counted. A batch that
 * the sink does not take is tried again, later each time.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '@netverdict/telemetry';
import type { Notice } from './notice.ts';
import { Refused, type Sink, type SinkName } from './sink.ts';

/** Each notice offered is in exactly one of sent, dropped, refused and waiting. */
export interface FeedCounts {
  readonly sink: SinkName;
  readonly offered: number;
  readonly sent: number;
  /** The queue was full, or the service ended. */
  readonly dropped: number;
  /** The receiver answered that it does not want them. */
  readonly refused: number;
  readonly waiting: number;
  /** Attempts that failed and were, or will be, made again. */
  readonly failures: number;
}

export interface Feed {
  offer(notices: readonly Notice[]): void;
  counts(): FeedCounts;
  /** Sends what waits, for at most `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

export interface FeedOptions {
  readonly mostWaiting: number;
  readonly backoffMs?: { readonly first: number; readonly most: number };
}

const BATCH = 500;
const BACKOFF_MS = { first: 250, most: 30_000 };
/** A flood that is dropped is one line now and then, not a flood of lines. */
const TELL_MS = 30_000;

export function startFeed(sink: Sink, options: FeedOptions, log: Pick<Log, 'info' | 'warn'>): Feed {
  const backoff = options.backoffMs ?? BACKOFF_MS;
  const queue: Notice[] = [];
  const count = { offered: 0, sent: 0, dropped: 0, refused: 0, failures: 0 };
  const hurry = new AbortController();
  let sending = 0;
  let stopping = false;
  let over = false;
  let wake: (() => void) | null = null;
  let untold = 0;
  let toldAt = Number.NEGATIVE_INFINITY;

  function drop(number: number): void {
    count.dropped += number;
    untold += number;
    const now = performance.now();
    if (now - toldAt < TELL_MS && !stopping) return;
    log.warn({ sink: sink.name, dropped: untold }, 'a sink is behind: the oldest notices are dropped');
    toldAt = now;
    untold = 0;
  }

  /** Until it is sent, refused, or there is no time left. */
  async function deliver(batch: readonly Notice[]): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await sink.send(batch);
        count.sent += batch.length;
        if (attempt > 0) log.info({ sink: sink.name }, 'the sink takes notices again');
        return;
      } catch (err) {
        if (err instanceof Refused) {
          count.refused += batch.length;
          log.warn(
            { err, sink: sink.name, refused: batch.length },
            'the sink refuses notices: they are not sent again',
          );
          return;
        }
        count.failures++;
        if (over) return drop(batch.length);
        const waitMs = Math.min(backoff.first * 2 ** Math.min(attempt, 20), backoff.most);
        if (attempt === 0) log.warn({ err, sink: sink.name, waitMs }, 'the sink does not take notices: trying again');
        await pause(stopping ? backoff.first : waitMs, undefined, { signal: hurry.signal }).catch(() => undefined);
        if (over) return drop(batch.length);
      }
    }
  }

  async function run(): Promise<void> {
    while (!over) {
      const batch = queue.splice(0, BATCH);
      if (batch.length === 0) {
        if (stopping) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = null;
        continue;
      }
      sending = batch.length;
      await deliver(batch);
      sending = 0;
    }
  }

  const running = run();
  return {
    offer(notices) {
      count.offered += notices.length;
      if (stopping) return drop(notices.length);
      for (const notice of notices) queue.push(notice);
      const surplus = queue.length - options.mostWaiting;
      if (surplus > 0) {
        queue.splice(0, surplus);
        drop(surplus);
      }
      wake?.();
    },
    counts: () => ({ sink: sink.name, ...count, waiting: queue.length + sending }),
    async stop(graceMs = 2000) {
      stopping = true;
      wake?.();
      const timer = setTimeout(() => {
        over = true;
        hurry.abort();
      }, graceMs);
      // A send that hangs has its own deadline; nobody waits longer for it than the grace.
      await Promise.race([running, new Promise((resolve) => setTimeout(resolve, graceMs + 200).unref())]);
      clearTimeout(timer);
      over = true;
      if (queue.length > 0) drop(queue.splice(0).length);
      await sink.close();
    },
  };
}
