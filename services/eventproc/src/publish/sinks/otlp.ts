/** Logs by OTLP over HTTP, with OpenTelemetry's own exporter. Its headers come from OTEL_EXPORTER_OTLP_(LOGS_)HEADERS. */
import { type AnyValue, SeverityNumber } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { Notice } from './notice.ts';
import { Refused, SEND_MS, type Sink } from './sink.ts';

const LOGS = '/v1/logs';
const resource = resourceFromAttributes({ 'service.name': 'netverdict-eventproc' });
const scope = { name: 'netverdict' };

const SEVERITY: Readonly<Record<string, SeverityNumber>> = {
  info: SeverityNumber.INFO,
  warning: SeverityNumber.WARN,
  critical: SeverityNumber.ERROR,
};

const hrTime = (at: string): [number, number] => {
  const ms = Date.parse(at);
  return [Math.floor(ms / 1000), (ms % 1000) * 1_000_000];
};

const logRecord = ({ stream, cluster, kind, severity, at, line }: Notice, observed: [number, number]) => ({
  hrTime: hrTime(at),
  hrTimeObserved: observed,
  ...(severity === null ? {} : { severityText: severity }),
  severityNumber: SEVERITY[severity ?? 'info'] ?? SeverityNumber.INFO,
  eventName: `netverdict.${stream}`,
  body: JSON.parse(line) as AnyValue,
  attributes: { 'netverdict.stream': stream, 'netverdict.kind': kind, 'k8s.cluster.name': cluster },
  droppedAttributesCount: 0,
  resource,
  instrumentationScope: scope,
});

/** OTLP's list of what may be tried again; the exporter has tried a few times already. */
const RETRYABLE = new Set([429, 502, 503, 504]);

export function otlpSink(url: string): Sink {
  const target = new URL(url);
  if (target.pathname === '/') target.pathname = LOGS;
  const exporter = new OTLPLogExporter({ url: target.href, timeoutMillis: SEND_MS });
  return {
    name: 'otlp',
    async send(batch) {
      const observed = hrTime(new Date().toISOString());
      const { code, error } = await new Promise<{ code: number; error?: Error & { code?: unknown } }>((resolve) =>
        exporter.export(
          batch.map((notice) => logRecord(notice, observed)),
          resolve,
        ),
      );
      if (code === 0) return;
      const status = error?.code;
      if (typeof status === 'number' && status >= 400 && !RETRYABLE.has(status))
        throw new Refused(`the OTLP receiver answered ${status}`, { cause: error });
      throw error ?? new Error('the OTLP exporter gave no reason');
    },
    close: () => exporter.shutdown(),
  };
}
