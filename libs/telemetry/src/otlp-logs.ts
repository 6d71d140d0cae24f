/** Log lines sent by OTLP too: the very line that was written, after its secrets were masked. The SDK decides by OTEL_LOGS_EXPORTER. */
import { type AnyValue, logs, ROOT_CONTEXT, SeverityNumber, TraceFlags, trace } from '@opentelemetry/api';

const SEVERITY: Readonly<Record<string, SeverityNumber>> = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
};

interface Line extends Readonly<Record<string, AnyValue>> {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
  readonly traceId?: string;
  readonly spanId?: string;
}

/** @param text a line of log.ts: one JSON document */
export function emitLine(text: string): void {
  const { level, time, msg, traceId, spanId, service: _service, pid: _pid, ...attributes } = JSON.parse(text) as Line;
  const span =
    traceId === undefined || spanId === undefined ? null : { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
  logs.getLogger('netverdict').emit({
    timestamp: new Date(time),
    severityText: level,
    severityNumber: SEVERITY[level] ?? SeverityNumber.INFO,
    body: msg,
    attributes,
    context: span === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, span),
  });
}
