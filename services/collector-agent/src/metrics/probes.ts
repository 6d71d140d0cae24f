/** The eBPF half: the probes' states, what became of each event they saw, and their histograms. */
import type { ProbeReport } from '@netverdict/contracts';
import { addCounter, addGauge, addHistogram, type HistogramRow, type Registry, type Row } from '@netverdict/telemetry';
import type { ToldHistogram } from '../watch/histograms.ts';
import { DNS_NAME_METRIC, PROBES } from '../watch/probes.ts';

type Labels = Readonly<Record<string, string>>;

export interface ProbeSources {
  readonly reports: () => readonly ProbeReport[];
  readonly histograms: () => readonly ToldHistogram[];
  /** null: no pod's and not the node's: somebody else's namespace on this machine. */
  readonly labelsOf: (netns: number) => Labels | null;
  readonly running: () => boolean;
}

const OUTCOMES = { filtered: 'filtered', sampledAway: 'sampled_away', aggregated: 'aggregated', lost: 'lost' } as const;

export function addProbeMetrics(registry: Registry, sources: ProbeSources): void {
  const { reports, running } = sources;
  addGauge(registry, 'netverdict_watch_up', 'the eBPF sidecar runs', () => [{ value: running() ? 1 : 0 }]);
  addGauge(registry, 'netverdict_probe_state', '1 for the state that a probe is in', () =>
    reports().map(({ name, state }) => ({ labels: { probe: name, state }, value: 1 })),
  );
  const perProbe = (value: (report: ProbeReport) => number) => (): Row[] =>
    reports().map((report) => ({ labels: { probe: report.name }, value: value(report) }));
  addCounter(
    registry,
    'netverdict_probe_seen_total',
    'events that a probe saw',
    perProbe((r) => r.seen),
  );
  addCounter(
    registry,
    'netverdict_probe_missed_total',
    'events for which the kernel did not run the probe',
    perProbe((r) => r.missed),
  );
  addCounter(registry, 'netverdict_probe_events_total', 'what became of each event seen: the sum is all', () =>
    reports().flatMap((report) =>
      (Object.keys(OUTCOMES) as (keyof typeof OUTCOMES)[]).map((of) => ({
        labels: { probe: report.name, outcome: OUTCOMES[of] },
        value: report[of],
      })),
    ),
  );
  addCounter(registry, 'netverdict_probe_values_total', 'values measured, and those that found no room', () =>
    reports().flatMap(({ name, observed = 0, unobserved = 0 }) => [
      { labels: { probe: name, outcome: 'observed' }, value: observed },
      { labels: { probe: name, outcome: 'lost' }, value: unobserved },
    ]),
  );
  const metrics = Object.values(PROBES).flatMap((probe) => ('metrics' in probe ? Object.values(probe.metrics) : []));
  for (const metric of metrics) if (metric !== DNS_NAME_METRIC) addMeasured(registry, metric, sources);
  addDnsNames(registry, sources);
}

/** Of all pods together: names and pods multiplied would be too many. Which pod asks for what is in the events. */
function addDnsNames(registry: Registry, { histograms, labelsOf }: ProbeSources): void {
  const unit = UNITS[0][1];
  addHistogram(registry, 'netverdict_dns_name_seconds', 'dns answer, per name that was asked for', () => {
    const sums = new Map<string, ToldHistogram[]>();
    for (const one of histograms()) {
      if (one.metric !== DNS_NAME_METRIC || one.name === null || labelsOf(one.netns) === null) continue;
      const name = one.name !== '' && (sums.has(one.name) || sums.size < MOST_PEERS) ? one.name : 'others';
      const own = sums.get(name);
      if (own === undefined) sums.set(name, [one]);
      else own.push(one);
    }
    return [...sums].map(([name, all]) => {
      const { buckets, count, sum } = summed(all);
      return row({ name }, buckets, count, sum, unit, unit.ofPeers);
    });
  });
}

function summed(all: readonly ToldHistogram[]): { buckets: number[]; count: number; sum: number } {
  const total = { buckets: [] as number[], count: 0, sum: 0 };
  for (const { buckets, count, sum } of all) {
    for (const [i, n] of buckets.entries()) total.buckets[i] = (total.buckets[i] ?? 0) + n;
    total.count += count;
    total.sum += sum;
  }
  return total;
}

/** How a metric's unit is told: Prometheus has seconds, and as few buckets as answer the questions that are asked of them. */
interface Unit {
  readonly name: string;
  readonly divisor: number;
  /** Powers of two, in the probe's own unit. */
  readonly bounds: readonly number[];
  readonly ofPeers: readonly number[];
}
const every = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
const UNITS: readonly [readonly [RegExp, Unit], ...(readonly [RegExp, Unit])[]] = [
  // 64 µs … 67 s
  [/-microseconds$/, { name: '_seconds', divisor: 1e6, bounds: every(6, 26, 2), ofPeers: every(8, 24, 4) }],
  [/-bytes$/, { name: '_bytes', divisor: 1, bounds: every(8, 26, 3), ofPeers: [] }],
  [/-segments$/, { name: '_segments', divisor: 1, bounds: every(0, 10, 2), ofPeers: [] }],
];
/** The first so many far ends are also told one by one; which they are never changes, so that their counters only grow. */
const MOST_PEERS = 128;

function addMeasured(registry: Registry, metric: string, { histograms, labelsOf }: ProbeSources): void {
  const [suffix, unit] = UNITS.find(([pattern]) => pattern.test(metric)) ?? [/$/, UNITS[1]?.[1] as Unit];
  const name = `netverdict_${metric.replace(suffix, '').replaceAll('-', '_')}${unit.name}`;
  const what = metric.replace(suffix, '').replaceAll('-', ' ');
  const all = (): readonly ToldHistogram[] => histograms().filter((one) => one.metric === metric);
  addHistogram(registry, name, `${what}, per pod`, () => byNamespace(all(), unit, labelsOf));
  if (unit.ofPeers.length > 0)
    addHistogram(registry, name.replace('netverdict_', 'netverdict_peer_'), `${what}, per far end`, () =>
      byPeer(all(), unit, labelsOf),
    );
}

function row(
  labels: Labels,
  buckets: readonly number[],
  count: number,
  sum: number,
  unit: Unit,
  bounds: readonly number[],
): HistogramRow {
  let below = 0;
  let next = 0;
  return {
    labels,
    // The values are whole: bucket n holds those up to 2^n - 1 of the probe's unit, that is all below 2^n.
    buckets: bounds.map((bound) => {
      for (; next <= bound; next++) below += buckets[next] ?? 0;
      return { le: (unit.divisor === 1 ? 2 ** bound - 1 : 2 ** bound) / unit.divisor, count: below };
    }),
    count,
    sum: sum / unit.divisor,
  };
}

function byNamespace(all: readonly ToldHistogram[], unit: Unit, labelsOf: ProbeSources['labelsOf']): HistogramRow[] {
  return [...Map.groupBy(all, ({ netns }) => netns)].flatMap(([netns, own]) => {
    const labels = labelsOf(netns);
    const { buckets, count, sum } = summed(own);
    return labels === null ? [] : [row(labels, buckets, count, sum, unit, unit.bounds)];
  });
}

function byPeer(all: readonly ToldHistogram[], unit: Unit, labelsOf: ProbeSources['labelsOf']): HistogramRow[] {
  const rows: HistogramRow[] = [];
  for (const { netns, peer, buckets, count, sum } of all) {
    const own = peer.address === null ? null : labelsOf(netns);
    if (own === null) continue;
    if (rows.length === MOST_PEERS) break;
    const labels = { ...own, peer: peer.address ?? '', ...(peer.port === null ? {} : { port: `${peer.port}` }) };
    rows.push(row(labels, buckets, count, sum, unit, unit.ofPeers));
  }
  return rows;
}
