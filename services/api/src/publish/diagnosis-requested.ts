/** Publishes diagnosis-requested for a row. Never throws: what could not be published is tried again by the sweeper. */
import type { Bus } from '@netverdict/messaging';
import type { DiagnosisQueries, DiagnosisRow } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import { context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';

export type PublishRequested = (row: DiagnosisRow) => Promise<void>;

const PATIENCE_MS = 3000;
const RETRY_MS = 1000;

/** @param bus null as long as NATS was never reached. */
export function publishRequested(
  bus: () => Pick<Bus, 'publish'> | null,
  diagnoses: Pick<DiagnosisQueries, 'postponePublish'>,
  log: Log,
): PublishRequested {
  return async (row) => {
    // The trace of the accepted request, also when the sweeper publishes: one diagnosis is one trace.
    const trace = propagation.extract(ROOT_CONTEXT, row.traceparent === null ? {} : { traceparent: row.traceparent });
    try {
      const connected = bus();
      if (!connected) throw new Error('NATS has not been reached yet');
      await context.with(trace, () =>
        connected.publish(
          'diagnosis-requested',
          row.cluster,
          {
            diagnosisId: row.id,
            attempt: row.attempt,
            request: row.request,
            deadlineAt: row.deadline_at.toISOString(),
          },
          // Deterministic: the stream drops a second one of the same attempt.
          { id: `${row.id}/${row.attempt}/diagnosis-requested/0`, deadlineMs: PATIENCE_MS },
        ),
      );
    } catch (err) {
      log.warn({ err, diagnosisId: row.id, attempt: row.attempt }, 'diagnosis-requested could not be published');
      await diagnoses.postponePublish(row.id, RETRY_MS).catch(() => undefined);
    }
  };
}
