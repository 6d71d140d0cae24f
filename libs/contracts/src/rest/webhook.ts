/** What a receiver gets: Standard Webhooks messages (standardwebhooks.com), signed with HMAC-SHA256. */
import Type, { type Static } from 'typebox';
import type { DiagnosisBatchDocument } from './batch-documents.ts';
import type { DiagnosisDocument } from './diagnosis-document.ts';
import type { IncidentDocument } from './incident-document.ts';
import type { VerdictChange } from './schedule-documents.ts';
import { oneOf, ref } from './verdict-schemas.ts';

/** What one can ask to be told. */
export const WEBHOOK_EVENT_TYPES = [
  'diagnosis.completed',
  'diagnosis.failed',
  'incident.opened',
  'incident.changed',
  'incident.resolved',
  'batch.completed',
  'verdict.changed',
] as const;
/** A ping is asked for each time. */
export const PING_EVENT = 'webhook.ping';
export type WebhookEventType = (typeof WEBHOOK_EVENT_TYPES)[number] | typeof PING_EVENT;

export const WebhookMessage = Type.Object(
  {
    type: oneOf('diagnosis.completed', 'diagnosis.failed'),
    timestamp: Type.String({ format: 'date-time', description: 'when the diagnosis finished' }),
    data: ref<DiagnosisDocument>('Diagnosis'),
  },
  { $id: 'WebhookMessage', description: 'A diagnosis has ended' },
);
export type WebhookMessage = Static<typeof WebhookMessage>;

export const IncidentWebhookMessage = Type.Object(
  {
    type: oneOf('incident.opened', 'incident.changed', 'incident.resolved'),
    timestamp: Type.String({ format: 'date-time', description: 'when it was so' }),
    data: ref<IncidentDocument>('Incident'),
  },
  {
    $id: 'IncidentWebhookMessage',
    description:
      'An incident as it was then. opened: new, or back after it was resolved; changed: quiet, open again, graver, or its diagnosis has found something else',
  },
);
export type IncidentWebhookMessage = Static<typeof IncidentWebhookMessage>;

export const PingWebhookMessage = Type.Object(
  {
    type: Type.Literal(PING_EVENT),
    timestamp: Type.String({ format: 'date-time' }),
    data: Type.Object({ webhook: Type.String({ description: '`wh_…`' }) }),
  },
  { $id: 'PingWebhookMessage', description: 'Somebody tries whether the receiver works' },
);
export type PingWebhookMessage = Static<typeof PingWebhookMessage>;

export const BatchWebhookMessage = Type.Object(
  {
    type: Type.Literal('batch.completed'),
    timestamp: Type.String({ format: 'date-time', description: 'when the last one ended' }),
    data: ref<DiagnosisBatchDocument>('DiagnosisBatch'),
  },
  { $id: 'BatchWebhookMessage', description: 'All flows of a batch have ended, or were cancelled' },
);
export type BatchWebhookMessage = Static<typeof BatchWebhookMessage>;

export const VerdictChangedMessage = Type.Object(
  {
    type: Type.Literal('verdict.changed'),
    timestamp: Type.String({ format: 'date-time', description: 'when the run ended' }),
    data: ref<VerdictChange>('VerdictChange'),
  },
  { $id: 'VerdictChangedMessage', description: 'A schedule has another answer than before' },
);
export type VerdictChangedMessage = Static<typeof VerdictChangedMessage>;

export type AnyWebhookMessage =
  | WebhookMessage
  | IncidentWebhookMessage
  | PingWebhookMessage
  | BatchWebhookMessage
  | VerdictChangedMessage;
