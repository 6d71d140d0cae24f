/** What /metrics serves, sent by OTLP too: one registry, two ways out, so that both tell the same. Loaded only when there is an exporter. */
import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type MetricProducer,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import type { MetricsSource, PromMetric, PromValue } from './health.ts';

const hrTime = (ms: number): HrTime => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];

function attributesOf({ labels, sharedLabels }: PromValue): Attributes {
  const { le: _le, ...rest } = { ...sharedLabels, ...labels };
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, String(value)]));
}

type Times = Pick<DataPoint<number>, 'startTime' | 'endTime'>;

/** Prometheus counts what lies at or below each bound; OTLP what lies between two. */
function histogramPoints({ name, values = [] }: PromMetric, times: Times): DataPoint<Histogram>[] {
  const series = new Map<string, { attributes: Attributes; below: [number, number][]; sum: number; count: number }>();
  for (const value of values) {
    const attributes = attributesOf(value);
    const key = JSON.stringify(attributes);
    const entry = series.get(key) ?? { attributes, below: [], sum: 0, count: 0 };
    series.set(key, entry);
    if (value.metricName === `${name}_sum`) entry.sum = value.value;
    else if (value.metricName === `${name}_count`) entry.count = value.value;
    else if (value.labels.le !== '+Inf') entry.below.push([Number(value.labels.le), value.value]);
  }
  return [...series.values()].map(({ attributes, below, sum, count }) => {
    below.sort(([a], [b]) => a - b);
    const upTo = [...below.map(([, n]) => n), count];
    const counts = upTo.map((n, i) => n - (upTo[i - 1] ?? 0));
    return { ...times, attributes, value: { buckets: { boundaries: below.map(([le]) => le), counts }, sum, count } };
  });
}

/** null: of a kind that OTLP has not (a summary). */
export function metricData(metric: PromMetric, startMs: number, nowMs: number): MetricData | null {
  const { name, help, type, values = [] } = metric;
  const times = { startTime: hrTime(startMs), endTime: hrTime(nowMs) };
  const base = {
    descriptor: { name, description: help, unit: '', valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const points = (): DataPoint<number>[] =>
    values.map((value) => ({ ...times, attributes: attributesOf(value), value: value.value }));
  switch (type) {
    case 'counter':
      return { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: points() };
    case 'gauge':
      return { ...base, dataPointType: DataPointType.GAUGE, dataPoints: points() };
    case 'histogram':
      return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints: histogramPoints(metric, times) };
    default:
      return null;
  }
}

function producerOf(source: () => MetricsSource | null): MetricProducer {
  const startMs = Date.now();
  return {
    async collect() {
      const told = (await source()?.getMetricsAsJSON()) ?? [];
      const metrics = told.flatMap((metric) => metricData(metric, startMs, Date.now()) ?? []);
      const scopeMetrics = [{ scope: { name: 'netverdict' }, metrics }];
      return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] };
    },
  };
}

async function otlpExporter(): Promise<PushMetricExporter> {
  const { OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: own, OTEL_EXPORTER_OTLP_PROTOCOL: all } = process.env;
  switch (own ?? all) {
    case 'grpc':
      return new (await import('@opentelemetry/exporter-metrics-otlp-grpc')).OTLPMetricExporter();
    case 'http/json':
      return new (await import('@opentelemetry/exporter-metrics-otlp-http')).OTLPMetricExporter();
    default:
      return new (await import('@opentelemetry/exporter-metrics-otlp-proto')).OTLPMetricExporter();
  }
}

const milliseconds = (name: string, otherwise: number): number => Number(process.env[name]) || otherwise;

/** By OTEL_METRICS_EXPORTER, OTEL_METRIC_EXPORT_INTERVAL and _TIMEOUT, as the specification has them. @returns null: not by OTLP */
export async function otlpMetricReader(
  source: () => MetricsSource | null,
): Promise<PeriodicExportingMetricReader | null> {
  if (!(process.env.OTEL_METRICS_EXPORTER || 'otlp').split(',').includes('otlp')) return null;
  const exportIntervalMillis = milliseconds('OTEL_METRIC_EXPORT_INTERVAL', 60_000);
  return new PeriodicExportingMetricReader({
    exporter: await otlpExporter(),
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(exportIntervalMillis, milliseconds('OTEL_METRIC_EXPORT_TIMEOUT', 30_000)),
    metricProducers: [producerOf(source)],
  });
}
