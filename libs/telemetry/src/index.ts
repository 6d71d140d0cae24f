export { Histogram } from 'prom-client';
export type { MetricsSource } from './health.ts';
export { startLightTracing } from './light-tracing.ts';
export { createLog, type Log, redactedPaths } from './log.ts';
export { addCounter, addGauge, addHistogram, type HistogramRow, Registry, type Row } from './prepared-metrics.ts';
export { serviceMetrics } from './service-metrics.ts';
export { inSpan, traceId } from './span.ts';
export { runService, type Service, type Telemetry } from './telemetry.ts';
