/**
 * Metrics whose values are counted elsewhere (in the kernel, in a table) and only read when Prometheus asks. prom-client's own kinds count by
 * themselves; these hand it finished rows, so that a counter stays a counter and a histogram one with buckets although nobody observed here.
 */
import { Gauge, type Metric, Registry } from 'prom-client';

export { Registry };

export interface Row {
  /** The same object for all rows of one pod is written out once: prom-client keeps its text. */
  readonly shared?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface HistogramRow extends Omit<Row, 'value'> {
  /** Upper bounds, ascending, without +Inf, and how many values lie at or below each. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
  readonly count: number;
  readonly sum: number;
}

/** As prom-client's registry takes it (lib/registry.js); its declarations leave the names of histograms' parts and the shared labels out. */
interface Value {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly sharedLabels?: Readonly<Record<string, string>>;
  readonly value: number;
}
type Type = 'counter' | 'gauge' | 'histogram';
type Told = Awaited<ReturnType<Gauge['get']>>;

class Prepared extends Gauge {
  readonly #about: { readonly name: string; readonly help: string };
  readonly #type: Type;
  readonly #values: () => readonly Value[];

  constructor(type: Type, name: string, help: string, values: () => readonly Value[]) {
    super({ name, help, registers: [] });
    this.#about = { name, help };
    this.#type = type;
    this.#values = values;
  }

  override get(): Promise<Told> {
    const told = { ...this.#about, type: this.#type, aggregator: 'sum', values: this.#values() };
    // It declares `type` as a number (an enum), and writes the word out: no value is both.
    return Promise.resolve(told as unknown as Told);
  }
}

const told = ({ shared, labels, value }: Row): Value => ({
  value,
  labels: labels ?? {},
  ...(shared === undefined ? {} : { sharedLabels: shared }),
});

function* partsOf(name: string, rows: Iterable<HistogramRow>): Generator<Value> {
  for (const { shared, labels = {}, buckets, count, sum } of rows) {
    const own = shared === undefined ? {} : { sharedLabels: shared };
    const bucket = { ...own, metricName: `${name}_bucket` };
    for (const { le, count: below } of buckets) yield { ...bucket, labels: { ...labels, le }, value: below };
    yield { ...bucket, labels: { ...labels, le: '+Inf' }, value: count };
    yield { ...own, metricName: `${name}_sum`, labels, value: sum };
    yield { ...own, metricName: `${name}_count`, labels, value: count };
  }
}

const add = (registry: Registry, metric: Prepared): void => registry.registerMetric(metric as Metric<string>);

/** @param name ends in `_total` */
export function addCounter(registry: Registry, name: string, help: string, rows: () => Iterable<Row>): void {
  add(registry, new Prepared('counter', name, help, () => Array.from(rows(), told)));
}

export function addGauge(registry: Registry, name: string, help: string, rows: () => Iterable<Row>): void {
  add(registry, new Prepared('gauge', name, help, () => Array.from(rows(), told)));
}

export function addHistogram(registry: Registry, name: string, help: string, rows: () => Iterable<HistogramRow>): void {
  add(registry, new Prepared('histogram', name, help, () => [...partsOf(name, rows())]));
}
