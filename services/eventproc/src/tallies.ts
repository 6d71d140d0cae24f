/** What this process has done, for /metrics. Labels are bounded: clusters, kinds, states, accounts; no nodes, no pods. */
import {
  ACCOUNTS,
  type Account,
  type AccountEntry,
  type IncidentState,
  type Partitioned,
  type Severity,
  type Unavailable,
} from '@netverdict/store';
import { addCounter, addGauge, addHistogram, Registry, type Row } from '@netverdict/telemetry';
import type { FeedCounts } from './publish/sinks/feed.ts';

interface IncidentCount {
  readonly kind: string;
  readonly severity: Severity;
  readonly state: IncidentState;
  readonly n: number;
}

export interface Tallies {
  readonly registry: Registry;
  account(cluster: string, entries: readonly AccountEntry[]): void;
  deadLetter(cluster: string): void;
  /** PostgreSQL could not take a batch, which waits and is tried again. */
  putOff(cluster: string, why: Unavailable): void;
  /** Seconds from the making of a batch to its commit. */
  lag(cluster: string, seconds: number): void;
  incidents(counts: readonly IncidentCount[]): void;
  misplaced(counts: ReadonlyMap<Partitioned, number>): void;
  /** Names that came after the events. */
  namedLate(cluster: string, events: number): void;
  /** Anomalies that make no incident, by the row that says why. */
  noise(cluster: string, name: string, anomalies: number): void;
}

const LAG_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
const names = Object.keys(ACCOUNTS) as Account[];

export function makeTallies(sinks: () => readonly FeedCounts[] = () => []): Tallies {
  const registry = new Registry();
  const accounts = new Map<string, Map<Account, number>>();
  const letters = new Map<string, number>();
  const putOff = new Map<string, Map<Unavailable, number>>();
  const late = new Map<string, number>();
  const noise = new Map<
    string,
    { readonly labels: { readonly cluster: string; readonly noise: string }; value: number }
  >();
  const lags = new Map<string, { readonly buckets: number[]; count: number; sum: number }>();
  let incidents: readonly IncidentCount[] = [];
  let misplaced: ReadonlyMap<Partitioned, number> = new Map();

  const perCluster = (counts: ReadonlyMap<string, number>): Row[] =>
    [...counts].map(([cluster, value]) => ({ labels: { cluster }, value }));
  const ofAccount = (account: Account): Row[] =>
    [...accounts].map(([cluster, counts]) => ({ labels: { cluster }, value: counts.get(account) ?? 0 }));

  addCounter(registry, 'netverdict_events_stored_total', 'rows of events stored', () => ofAccount('rows'));
  addCounter(registry, 'netverdict_batches_stored_total', 'batches of agents stored', () => ofAccount('batches'));
  addCounter(registry, 'netverdict_batches_dead_letter_total', 'batches that cannot be stored', () =>
    perCluster(letters),
  );
  addCounter(
    registry,
    'netverdict_batches_put_off_total',
    'how often a batch could not be stored just now, by why: away, full (no room on its disk), conflict; it waits and is tried again',
    () =>
      [...putOff].flatMap(([cluster, counts]) =>
        [...counts].map(([why, value]) => ({ labels: { cluster, why }, value })),
      ),
  );
  addCounter(registry, 'netverdict_events_named_late_total', 'events whose far end got its name after they came', () =>
    perCluster(late),
  );
  addCounter(
    registry,
    'netverdict_anomalies_accounted_total',
    'anomalies by what became of them, as GET /api/v1/accounting',
    () =>
      [...accounts].flatMap(([cluster, counts]) =>
        names.map((account) => ({ labels: { cluster, account: ACCOUNTS[account] }, value: counts.get(account) ?? 0 })),
      ),
  );
  addCounter(
    registry,
    'netverdict_noise_total',
    'anomalies that tell of no trouble, by why: stored, in no incident',
    () => noise.values(),
  );
  addGauge(registry, 'netverdict_incidents', 'incidents that are stored', () =>
    incidents.map(({ kind, severity, state, n }) => ({ labels: { kind, severity, state }, value: n })),
  );
  addGauge(
    registry,
    'netverdict_rows_without_day',
    'rows whose day has no table: too late, or from a wrong clock',
    () => [...misplaced].map(([table, value]) => ({ labels: { table }, value })),
  );
  addHistogram(registry, 'netverdict_batch_lag_seconds', 'from the making of a batch on its node to its commit', () =>
    [...lags].map(([cluster, { buckets, count, sum }]) => ({
      labels: { cluster },
      buckets: LAG_BUCKETS.map((le, i) => ({ le, count: buckets[i] ?? 0 })),
      count,
      sum,
    })),
  );
  const feed = (what: 'sent' | 'dropped' | 'refused'): Row[] =>
    sinks().map((counts) => ({ labels: { sink: counts.sink }, value: counts[what] }));
  addCounter(registry, 'netverdict_sink_sent_total', 'notices sent to a sink', () => feed('sent'));
  addCounter(registry, 'netverdict_sink_dropped_total', 'notices that a full queue dropped', () => feed('dropped'));
  addCounter(registry, 'netverdict_sink_refused_total', 'notices that a sink refused', () => feed('refused'));
  addGauge(registry, 'netverdict_sink_waiting', 'notices that wait for a sink', () =>
    sinks().map(({ sink, waiting }) => ({ labels: { sink }, value: waiting })),
  );

  return {
    registry,
    account(cluster, entries) {
      const own = accounts.get(cluster) ?? new Map<Account, number>();
      accounts.set(cluster, own);
      // Of `reported`, the node's sum is the whole; the probes' are parts of it. What is counted back only the table tells.
      for (const { probe, counts } of entries)
        for (const [name, n] of Object.entries(counts) as [Account, number][])
          if (n > 0 && (name !== 'reported' || probe === '')) own.set(name, (own.get(name) ?? 0) + n);
    },
    deadLetter: (cluster) => void letters.set(cluster, (letters.get(cluster) ?? 0) + 1),
    putOff(cluster, why) {
      const own = putOff.get(cluster) ?? new Map<Unavailable, number>();
      putOff.set(cluster, own);
      own.set(why, (own.get(why) ?? 0) + 1);
    },
    lag(cluster, seconds) {
      const own = lags.get(cluster) ?? { buckets: LAG_BUCKETS.map(() => 0), count: 0, sum: 0 };
      lags.set(cluster, own);
      own.count++;
      own.sum += Math.max(0, seconds);
      for (const [i, le] of LAG_BUCKETS.entries()) if (seconds <= le) own.buckets[i] = (own.buckets[i] ?? 0) + 1;
    },
    incidents(counts) {
      incidents = counts;
    },
    misplaced(counts) {
      misplaced = counts;
    },
    noise(cluster, name, anomalies) {
      const key = `${cluster}/${name}`;
      const own = noise.get(key) ?? { labels: { cluster, noise: name }, value: 0 };
      noise.set(key, own);
      own.value += anomalies;
    },
    namedLate: (cluster, events) => void late.set(cluster, (late.get(cluster) ?? 0) + events),
  };
}
