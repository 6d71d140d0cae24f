/** From rows to the documents that REST shows. */
import type { DeliveryDocument, WebhookDocument, WebhookFilter } from '@netverdict/contracts';
import { PING_EVENT } from '@netverdict/contracts';
import type { AttemptRow, DeliveryRow, WebhookRow } from '@netverdict/store';

const later = (instant: Date | null): string | null =>
  instant !== null && instant.getTime() > Date.now() ? instant.toISOString() : null;

function filterOf(row: WebhookRow): WebhookFilter {
  const { clusters, namespaces, outcomes, severities, kinds } = row;
  const given = Object.entries({ clusters, namespaces, outcomes, severities, kinds }).filter(([, of]) => of !== null);
  return Object.fromEntries(given);
}

export function webhookDocument(row: WebhookRow): WebhookDocument {
  return {
    id: row.id,
    url: row.url,
    eventTypes: row.event_types.filter((type) => type !== PING_EVENT),
    filter: filterOf(row),
    description: row.description,
    concurrency: row.concurrency,
    enabled: row.enabled,
    disabledReason: row.disabled_reason,
    failures: row.failures,
    pausedUntil: later(row.open_until),
    formerSecretUntil: later(row.previous_until),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** What is told names what it is of. */
function named({ data }: DeliveryRow, what: 'batch' | 'schedule'): string | null {
  const value = typeof data === 'object' && data !== null ? (data as Record<string, unknown>)[what] : undefined;
  return typeof value === 'string' ? value : null;
}

export function deliveryDocument(row: DeliveryRow): DeliveryDocument {
  return {
    id: row.id,
    webhook: row.webhook_id,
    url: row.url,
    eventType: row.event_type ?? 'diagnosis.completed',
    cluster: row.cluster,
    diagnosisId: row.diagnosis_id,
    incidentId: row.incident_id,
    batchId: named(row, 'batch'),
    scheduleId: named(row, 'schedule'),
    state: row.state,
    attempts: row.attempts,
    lastStatus: row.last_status,
    lastError: row.last_error,
    createdAt: row.created_at.toISOString(),
    nextAttemptAt: row.state === 'pending' ? row.next_attempt_at.toISOString() : null,
    finishedAt: row.finished_at?.toISOString() ?? null,
  };
}

export const withLog = (row: DeliveryRow, attempts: readonly AttemptRow[]): DeliveryDocument => ({
  ...deliveryDocument(row),
  log: attempts.map(({ at, duration_ms, status, error }) => ({
    at: at.toISOString(),
    durationMs: duration_ms,
    status,
    error,
  })),
});
