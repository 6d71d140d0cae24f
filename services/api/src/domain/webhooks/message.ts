/** What a delivery says: the same at each attempt. */
import type { AnyWebhookMessage, IncidentDocument, PingWebhookMessage, VerdictChange } from '@netverdict/contracts';
import { PING_EVENT } from '@netverdict/contracts';
import { type DeliveryRow, type IncidentJson, incidentOfJson, type Store } from '@netverdict/store';
import { incidentDocument } from '../../routes/incidents.ts';
import { batchDocument } from '../batches/documents.ts';
import { backgroundView } from '../redact/background.ts';
import { viewOf } from '../view.ts';

/** A callback is for who asked: what that may see is kept with it. */
type TellingChange = VerdictChange & { readonly visibleNamespaces?: readonly string[] | null };

function changeFor({ visibleNamespaces = null, ...change }: TellingChange): VerdictChange {
  const view = backgroundView(visibleNamespaces);
  const { before, after } = change;
  return {
    ...change,
    before: { ...before, deciding: view.deciding(before.deciding) },
    after: { ...after, deciding: view.deciding(after.deciding) },
  };
}

/** null: what it would tell of is not there any more. */
export async function messageOf(
  delivery: DeliveryRow,
  { diagnoses, batches }: Pick<Store, 'diagnoses' | 'batches'>,
): Promise<AnyWebhookMessage | null> {
  const timestamp = delivery.created_at.toISOString();
  switch (delivery.event_type) {
    case null:
    case 'diagnosis.completed':
    case 'diagnosis.failed': {
      const row = delivery.diagnosis_id === null ? null : await diagnoses.get(delivery.diagnosis_id);
      if (!row) return null;
      const type = row.status === 'completed' ? 'diagnosis.completed' : 'diagnosis.failed';
      // Webhooks are the administrators'; a callback is for who asked.
      const view = viewOf(delivery.webhook_id === null ? row.visible_namespaces : null, row.token_id);
      return { type, timestamp: (row.finished_at ?? row.updated_at).toISOString(), data: view.document(row) };
    }
    case 'incident.opened':
    case 'incident.changed':
    case 'incident.resolved': {
      const data: IncidentDocument = incidentDocument(incidentOfJson(delivery.data as IncidentJson));
      return { type: delivery.event_type, timestamp, data };
    }
    case 'batch.completed': {
      const row = await batches.get((delivery.data as { batch: string }).batch);
      if (row === null) return null;
      return {
        type: 'batch.completed',
        timestamp: (row.finished_at ?? delivery.created_at).toISOString(),
        data: batchDocument(row),
      };
    }
    case 'verdict.changed':
      return { type: 'verdict.changed', timestamp, data: changeFor(delivery.data as TellingChange) };
    case PING_EVENT:
      return { type: PING_EVENT, timestamp, data: delivery.data as PingWebhookMessage['data'] };
  }
}
