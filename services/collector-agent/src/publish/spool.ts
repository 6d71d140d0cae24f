/**
 * Batches of anomalies wait here until the stream has acknowledged them, in order, and are sent again after a failure; on disk where there is
 * one, so that they outlive this process, else in memory. Both are bounded: when full the oldest batch goes, which the ledger of those that
 * follow tells, and an `agent-degraded` anomaly says how many anomalies were lost.
 */
import type {
  AgentLedger,
  Anomaly,
  AnomalyBatch,
  DroppedBatches,
  FlowRecord,
  ProbeLedger,
  SpoolReport,
} from '@netverdict/contracts';
import { type DiskSettings, SpoolDisk } from './spool-disk.ts';

export interface Spool {
  add(anomalies: readonly Anomaly[]): void;
  addFlows(flows: readonly FlowRecord[]): void;
  lastSeq(): number;
  waiting(): number;
  /** Anomalies that were thrown away since the start. */
  lost(): number;
  /** For a heartbeat. */
  ledger(): AgentLedger;
  report(): SpoolReport;
  stop(): Promise<void>;
}

/** In memory, and on disk beside its bound in bytes. */
const MAX_BATCHES = 500;
const MAX_ON_DISK = 20_000;
/** Of what is on disk, so many of the oldest stay in memory too: in quiet times nothing is read back. */
const AT_HAND = 8;
const MAX_ANOMALIES = 500;
const RETRY_MS = { first: 500, most: 15_000 };

const flowsOf = (flows: readonly FlowRecord[]): Pick<AnomalyBatch, 'flows'> =>
  flows.length === 0 ? {} : { flows: [...flows] };

/** A batch with the anomalies in all batches before it. */
interface Waiting {
  readonly epoch: string;
  readonly seq: number;
  readonly before: number;
  readonly count: number;
  /** Its number on disk; null: it is in memory only. */
  readonly id: number | null;
  /** null: it is on disk only. */
  readonly batch: AnomalyBatch | null;
}

export function startSpool(options: {
  readonly node: string;
  readonly epoch: string;
  readonly publish: (batch: AnomalyBatch) => Promise<void>;
  readonly log: { warn(fields: object, message: string): void };
  /** What the probes have counted up to now. */
  readonly probes?: () => readonly ProbeLedger[];
  readonly disk?: DiskSettings | null;
  readonly maxBatches?: number;
  readonly retryMs?: number;
}): Spool {
  const { node, epoch, publish, log, probes, maxBatches = MAX_BATCHES, retryMs = RETRY_MS.first } = options;
  const disk = new SpoolDisk(options.disk ?? null, log);
  const waiting: Waiting[] = [];
  /** What went, and has not been told yet; of earlier starts too. */
  const dropped = new Map<string, DroppedBatches[]>();
  let inMemory = 0;
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
    const before = reported;
    reported += count;
    wait(batch, before, count);
    while (inMemory > maxBatches && drop(({ id }) => id === null));
    while ((disk.overfull() || waiting.length - inMemory > MAX_ON_DISK) && drop(({ id }) => id !== null));
  }

  /** What an earlier start has left goes first. */
  function takeEarlier(): void {
    const earlier = disk.takeEarlier();
    if (earlier === null) return;
    waiting.splice(sending === null ? 0 : 1, 0, ...earlier.kept.map((kept) => ({ ...kept, batch: null })));
    for (const [of, entries] of earlier.dropped) dropped.set(of, [...entries, ...(dropped.get(of) ?? [])]);
  }

  function wait(batch: AnomalyBatch, before: number, count: number): void {
    takeEarlier();
    const id = disk.put(batch, before, count);
    if (id === null) inMemory++;
    const held = id === null || waiting.length < AT_HAND ? batch : null;
    waiting.push({ epoch: batch.epoch, seq: batch.seq, before, count, id, batch: held });
  }

  /** Throws away the oldest of them. @returns false: there is none that could go */
  function drop(which: (entry: Waiting) => boolean): boolean {
    // The first one may be under way: the one behind it goes.
    const at = waiting.findIndex((entry, i) => which(entry) && !(i === 0 && sending !== null));
    if (at < 0) return false;
    const [gone] = waiting.splice(at, 1);
    if (gone !== undefined) {
      lost += gone.count;
      unreported += gone.count;
      note(gone);
      done(gone);
    }
    return true;
  }

  function done({ id }: Waiting): void {
    if (id === null) inMemory--;
    else disk.remove(id);
  }

  /** Neighbours are one entry: of a long outage there are two. */
  function note({ epoch: of, seq: at, before, count }: Waiting): void {
    const entries = dropped.get(of) ?? [];
    const last = entries.at(-1);
    if (last !== undefined && last.to + 1 === at) entries.splice(-1, 1, { ...last, to: at, count: last.count + count });
    else entries.push({ from: at, to: at, before, count });
    dropped.set(of, entries);
    disk.setDropped(of, entries);
  }

  /** An earlier start of which nothing is left to send but that it lost something: an empty batch of its own tells. */
  function tellOfEarlier(): void {
    for (const [of, entries] of dropped) {
      const last = entries.at(-1);
      if (of === epoch || last === undefined || waiting.some((entry) => entry.epoch === of)) continue;
      const before = last.before + last.count;
      wait({ node, epoch: of, seq: last.to + 1, anomalies: [], ledger: { ...ledger(before), probes: [] } }, before, 0);
    }
  }

  async function drain(): Promise<void> {
    tellOfEarlier();
    for (let [first] = waiting; first !== undefined && !stopped; [first] = waiting) {
      const batch = first.batch ?? (first.id === null ? null : disk.read(first.id));
      if (batch === null) {
        waiting.shift();
        lost += first.count;
        unreported += first.count;
        note(first);
        done(first);
        continue;
      }
      try {
        // The ledger's counters are those of when the batch was made: they go with its time.
        const telling = [...(dropped.get(batch.epoch) ?? [])];
        await publish(batch.ledger === undefined ? batch : { ...batch, ledger: { ...batch.ledger, dropped: telling } });
        failures = 0;
        waiting.shift();
        done(first);
        forget(batch.epoch, telling);
        if (waiting.length === 0 && unreported > 0 && !stopped) enqueue([degraded()]);
      } catch (err) {
        const waitMs = Math.min(retryMs * 2 ** Math.min(failures++, 10), RETRY_MS.most);
        log.warn({ err, waiting: waiting.length, waitMs }, 'anomalies could not be published, trying again');
        timer = setTimeout(send, waitMs);
        return;
      }
    }
  }

  /** What has been told; an entry that has grown meanwhile is told again. */
  function forget(of: string, told: readonly DroppedBatches[]): void {
    const entries = dropped.get(of);
    if (entries === undefined || told.length === 0) return;
    const left = entries.filter((entry) => !told.includes(entry));
    if (left.length === 0) dropped.delete(of);
    else dropped.set(of, left);
    disk.setDropped(of, left);
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

  takeEarlier();
  if (waiting.length > 0 || dropped.size > 0) send();
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
    waiting: () => waiting.length,
    lost: () => lost,
    ledger: () => ({ ...ledger(reported), dropped: [...(dropped.get(epoch) ?? [])] }),
    report: () => ({ ...disk.state(), waiting: waiting.length, lost }),
    async stop() {
      clearTimeout(timer);
      const last = sending;
      // One more chance for what waits, bounded by the shutdown's own limit.
      await Promise.race([last ?? Promise.resolve(), new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
      stopped = true;
      disk.close();
    },
  };
}
