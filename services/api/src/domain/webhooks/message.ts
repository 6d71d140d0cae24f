/** What a delivery says: the same at each attempt. */
import type { AnyWebhookMessage, IncidentDocument, PingWebhookMessage } from '@netverdict/contracts';
import { PING_EVENT } from '@netverdict/contracts';
import { type DeliveryRow, type DiagnosisQueries, type IncidentJson, incidentOfJson } from '@netverdict/store';
import { incidentDocument } from '../../routes/incidents.ts';
import { viewOf } from '../view.ts';

/** null: what it would tell of is not there any more. */
export async function messageOf(
  delivery: DeliveryRow,
  diagnoses: Pick<DiagnosisQueries, 'get'>,
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
    case PING_EVENT:
      return { type: PING_EVENT, timestamp, data: delivery.data as PingWebhookMessage['data'] };
  }
}
