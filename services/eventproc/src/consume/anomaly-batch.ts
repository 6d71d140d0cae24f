/**
 * anomaly-batch: stored, then acknowledged. A database that is away, full or read-only makes the batch wait, not fail. What no agent of ours
 * would send goes to the dead letter, and is accounted for as that.
 */
import { type AnomalyBatch, nameOfToken } from '@netverdict/contracts';
import { type Bus, type Consumption, Poison, TryLater } from '@netverdict/messaging';
import { type Unavailable, whyUnavailable } from '@netverdict/store';
import { countOf, ingest, timeOf } from '../domain/ingest.ts';
import { putAway } from '../domain/keep-ledger.ts';
import { noiseOf } from '../domain/noise.ts';
import { implausible } from '../domain/plausible.ts';
import type { Parts } from '../eventproc.ts';
import { eventNotice, toldIncident } from '../publish/sinks/notice.ts';

/** One transaction each at a time: more than the pool has connections would only wait for it. */
const SIDE_BY_SIDE = 4;

const WAITS: Readonly<Record<Unavailable, string>> = {
  away: 'PostgreSQL cannot store just now',
  full: "PostgreSQL's disk is full",
  conflict: 'another transaction was first',
};

const seconds = (fromMs: number): number => (Date.now() - fromMs) / 1000;

export function consumeAnomalyBatches({
  bus,
  store,
  sinks,
  log,
  settings,
  tallies,
}: Parts & { readonly bus: Bus }): Consumption {
  return bus.consume(
    'anomaly-batch',
    async (batch, { cluster }) => {
      const refused = implausible(batch);
      if (refused !== null) throw new Poison(refused);
      const nowMs = Date.now();
      try {
        const ingested = await ingest(store, cluster, batch, settings.incidents, nowMs);
        tallies.account(cluster, ingested.accounts);
        if (ingested.kind === 'stored') {
          for (const event of ingested.events) {
            const noise = noiseOf(event);
            if (noise !== null) tallies.noise(cluster, noise, event.count);
          }
          tallies.lag(cluster, seconds(Date.parse(timeOf(batch, nowMs))));
          if (sinks.any) sinks.offer([...ingested.events.map(eventNotice), ...ingested.incidents.map(toldIncident)]);
          log.debug({ cluster, node: batch.node, seq: batch.seq, rows: ingested.events.length }, 'batch stored');
        } else log.debug({ cluster, node: batch.node, seq: batch.seq }, 'a batch came again');
      } catch (cause) {
        const why = whyUnavailable(cause);
        if (why === null) throw cause;
        tallies.putOff(cluster, why);
        throw new TryLater(WAITS[why], { cause });
      }
    },
    { concurrency: SIDE_BY_SIDE, onDeadLetter: ({ subject }, batch) => accountFor(subject, batch) },
  );

  /** One that could not be read has no number: it is found as a hole between those that could. */
  async function accountFor(subject: string, batch: AnomalyBatch | null): Promise<void> {
    const cluster = nameOfToken(subject.split('.')[1] ?? '');
    tallies.deadLetter(cluster);
    if (batch === null) return;
    const count = Math.min(countOf(batch), Number.MAX_SAFE_INTEGER);
    tallies.account(cluster, await putAway(store, cluster, batch, count, Date.now()));
  }
}
