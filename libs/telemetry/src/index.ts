export * from './environment.ts';
export { startLightTracing } from './light-tracing.ts';
export { type Log, redactedPaths } from './log.ts';
export { inSpan, traceId } from './span.ts';
export { runService, type Service, startTelemetry, type Telemetry } from './telemetry.ts';
