/**
 * Batches of anomalies wait here until the stream has acknowledged them, in order, and are sent again after a failure.
 * The spool is bounded: when it is full the oldest batch goes, and an `agent-degraded` anomaly says how many were lost.
 */
import type { Anomaly, AnomalyBatch } from '@netverdict/contracts';

export interface Spool {
  add(anomalies: readonly Anomaly[]): void;
  lastSeq(): number;
  waiting(): number;
  /** Anomalies that were thrown away since the start. */
  lost(): number;
  stop(): Promise<void>;
}

const MAX_BATCHES = 500;
const MAX_ANOMALIES = 500;
const RETRY_MS = { first: 500, most: 15_000 };

export function startSpool(options: {
  readonly node: string;
  readonly epoch: string;
  readonly publish: (batch: AnomalyBatch) => Promise<void>;
  readonly log: { warn(fields: object, message: string): void };
  readonly maxBatches?: number;
  readonly retryMs?: number;
}): Spool {
  const { node, epoch, publish, log, maxBatches = MAX_BATCHES, retryMs = RETRY_MS.first } = options;
  const batches: AnomalyBatch[] = [];
  let seq = 0;
  let lost = 0;
  let unreported = 0;
  let failures = 0;
  let sending: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const count = (batch: AnomalyBatch): number => batch.anomalies.reduce((sum, a) => sum + a.count, 0);

  function enqueue(anomalies: readonly Anomaly[]): void {
    batches.push({ node, epoch, seq: ++seq, anomalies: [...anomalies] });
    while (batches.length > maxBatches) {
      // The first one may be under way: the one behind it goes.
      const [dropped] = batches.splice(sending === null ? 0 : 1, 1);
      if (dropped === undefined) break;
      lost += count(dropped);
      unreported += count(dropped);
    }
  }

  async function drain(): Promise<void> {
    for (let batch = batches[0]; batch !== undefined && !stopped; batch = batches[0]) {
      try {
        await publish(batch);
        failures = 0;
        batches.shift();
        if (batches.length === 0 && unreported > 0) enqueue([degraded()]);
      } catch (err) {
        const waitMs = Math.min(retryMs * 2 ** Math.min(failures++, 10), RETRY_MS.most);
        log.warn({ err, waiting: batches.length, waitMs }, 'anomalies could not be published, trying again');
        timer = setTimeout(send, waitMs);
        return;
      }
    }
  }

  function degraded(): Anomaly {
    const now = new Date().toISOString();
    const anomaly: Anomaly = {
      kind: 'agent-degraded',
      netns: 0,
      pod: null,
      count: unreported,
      windowStart: now,
      windowEnd: now,
    };
    unreported = 0;
    return anomaly;
  }

  function send(): void {
    clearTimeout(timer);
    timer = undefined;
    if (sending !== null || stopped) return;
    sending = drain().finally(() => {
      sending = null;
    });
  }

  return {
    add(anomalies) {
      if (anomalies.length === 0 || stopped) return;
      for (let at = 0; at < anomalies.length; at += MAX_ANOMALIES) enqueue(anomalies.slice(at, at + MAX_ANOMALIES));
      if (timer === undefined) send();
    },
    lastSeq: () => seq,
    waiting: () => batches.length,
    lost: () => lost,
    async stop() {
      clearTimeout(timer);
      const last = sending;
      // One more chance for what waits, bounded by the shutdown's own limit.
      await Promise.race([last ?? Promise.resolve(), new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
      stopped = true;
    },
  };
}
