/**
 * Batches of anomalies wait here until the stream has acknowledged them, in order, and are sent again after a failure.
 * The spool is bounded: when it is full the oldest batch goes, which the ledger of those that follow tells, and an `agent-degraded` anomaly
 * says how many anomalies were lost.
 */
import type {
  AgentLedger,
  Anomaly,
  AnomalyBatch,
  DroppedBatches,
  FlowRecord,
  ProbeLedger,
} from '@netverdict/contracts';

export interface Spool {
  add(anomalies: readonly Anomaly[]): void;
  addFlows(flows: readonly FlowRecord[]): void;
  lastSeq(): number;
  waiting(): number;
  /** Anomalies that were thrown away since the start. */
  lost(): number;
  /** For a heartbeat. */
  ledger(): AgentLedger;
  stop(): Promise<void>;
}

const MAX_BATCHES = 500;
const MAX_ANOMALIES = 500;
const RETRY_MS = { first: 500, most: 15_000 };

const flowsOf = (flows: readonly FlowRecord[]): Pick<AnomalyBatch, 'flows'> =>
  flows.length === 0 ? {} : { flows: [...flows] };

/** A batch with the anomalies in all batches before it. */
interface Waiting {
  readonly batch: AnomalyBatch;
  readonly before: number;
  readonly count: number;
}

export function startSpool(options: {
  readonly node: string;
  readonly epoch: string;
  readonly publish: (batch: AnomalyBatch) => Promise<void>;
  readonly log: { warn(fields: object, message: string): void };
  /** What the probes have counted up to now. */
  readonly probes?: () => readonly ProbeLedger[];
  readonly maxBatches?: number;
  readonly retryMs?: number;
}): Spool {
  const { node, epoch, publish, log, probes, maxBatches = MAX_BATCHES, retryMs = RETRY_MS.first } = options;
  const batches: Waiting[] = [];
  /** What went, and has not been told yet. */
  const dropped: DroppedBatches[] = [];
  let seq = 0;
  let reported = 0;
  let lost = 0;
  let unreported = 0;
  let failures = 0;
  let sending: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const ledger = (before: number): AgentLedger => ({
    at: new Date().toISOString(),
    before,
    probes: [...(probes?.() ?? [])],
    dropped: [],
  });

  function enqueue(anomalies: readonly Anomaly[], flows: readonly FlowRecord[] = []): void {
    const count = anomalies.reduce((sum, anomaly) => sum + anomaly.count, 0);
    const batch = { node, epoch, seq: ++seq, anomalies: [...anomalies], ledger: ledger(reported), ...flowsOf(flows) };
    batches.push({ batch, before: reported, count });
    reported += count;
    while (batches.length > maxBatches) {
      // The first one may be under way: the one behind it goes.
      const [gone] = batches.splice(sending === null ? 0 : 1, 1);
      if (gone === undefined) break;
      lost += gone.count;
      unreported += gone.count;
      note(gone);
    }
  }

  /** Neighbours are one entry: of a long outage there are two. */
  function note({ batch, before, count }: Waiting): void {
    const last = dropped.at(-1);
    if (last !== undefined && last.to + 1 === batch.seq)
      dropped.splice(-1, 1, { ...last, to: batch.seq, count: last.count + count });
    else dropped.push({ from: batch.seq, to: batch.seq, before, count });
  }

  async function drain(): Promise<void> {
    for (let [first] = batches; first !== undefined && !stopped; [first] = batches) {
      try {
        // The ledger's counters are those of when the batch was made: they go with its time.
        const telling = [...dropped];
        const { batch } = first;
        await publish(batch.ledger === undefined ? batch : { ...batch, ledger: { ...batch.ledger, dropped: telling } });
        failures = 0;
        batches.shift();
        forget(telling);
        if (batches.length === 0 && unreported > 0) enqueue([degraded()]);
      } catch (err) {
        const waitMs = Math.min(retryMs * 2 ** Math.min(failures++, 10), RETRY_MS.most);
        log.warn({ err, waiting: batches.length, waitMs }, 'anomalies could not be published, trying again');
        timer = setTimeout(send, waitMs);
        return;
      }
    }
  }

  /** What has been told; an entry that has grown meanwhile is told again. */
  function forget(told: readonly DroppedBatches[]): void {
    for (const entry of told) {
      const at = dropped.indexOf(entry);
      if (at >= 0) dropped.splice(at, 1);
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
    addFlows(flows) {
      if (flows.length === 0 || stopped) return;
      for (let at = 0; at < flows.length; at += MAX_ANOMALIES) enqueue([], flows.slice(at, at + MAX_ANOMALIES));
      if (timer === undefined) send();
    },
    lastSeq: () => seq,
    waiting: () => batches.length,
    lost: () => lost,
    ledger: () => ({ ...ledger(reported), dropped: [...dropped] }),
    async stop() {
      clearTimeout(timer);
      const last = sending;
      // One more chance for what waits, bounded by the shutdown's own limit.
      await Promise.race([last ?? Promise.resolve(), new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
      stopped = true;
    },
  };
}
