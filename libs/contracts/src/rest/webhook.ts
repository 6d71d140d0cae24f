/** What a callbackUrl receives: a Standard Webhooks message (standardwebhooks.com), signed with HMAC-SHA256. */
import Type, { type Static } from 'typebox';
import type { DiagnosisDocument } from './diagnosis-document.ts';
import { oneOf, ref } from './verdict-schemas.ts';

export const WebhookMessage = Type.Object(
  {
    type: oneOf('diagnosis.completed', 'diagnosis.failed'),
    timestamp: Type.String({ format: 'date-time', description: 'when the diagnosis finished' }),
    data: ref<DiagnosisDocument>('Diagnosis'),
  },
  { $id: 'WebhookMessage' },
);
export type WebhookMessage = Static<typeof WebhookMessage>;
