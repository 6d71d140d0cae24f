/** What every service tells Prometheus of itself: its version, its process, and the messages that it handles. */
import { VERSION } from '@netverdict/configuration';
import { collectDefaultMetrics } from 'prom-client';
import { addCounter, addGauge, addHistogram, Registry } from './prepared-metrics.ts';

/** Of one kind of message, as libs/messaging counts it. */
interface HandledMessages {
  readonly message: string;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
  readonly count: number;
  readonly seconds: number;
}

/** @param handled asked at each scrape */
export function serviceMetrics(service: string, handled: () => readonly HandledMessages[]): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  addGauge(registry, 'netverdict_service_info', 'which version of which service', () => [
    { labels: { service, version: VERSION }, value: 1 },
  ]);
  addCounter(registry, 'netverdict_messages_handled_total', 'messages consumed, and what became of them', () =>
    handled().flatMap(({ message, outcomes }) =>
      Object.entries(outcomes).map(([outcome, value]) => ({ labels: { message, outcome }, value })),
    ),
  );
  addHistogram(registry, 'netverdict_message_seconds', 'how long handling a message took', () =>
    handled().map(({ message, buckets, count, seconds }) => ({ labels: { message }, buckets, count, sum: seconds })),
  );
  return registry;
}
