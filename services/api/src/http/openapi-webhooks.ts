/** What we send, for the OpenAPI document: its `webhooks`. */
import { PING_EVENT, WEBHOOK_EVENT_TYPES, type WebhookEventType } from '@netverdict/contracts';

const header = (name: string, description: string, example: string) => ({
  name,
  in: 'header' as const,
  required: true,
  description,
  schema: { type: 'string' as const, examples: [example] },
});

const MESSAGES = {
  diagnosis: 'WebhookMessage',
  incident: 'IncidentWebhookMessage',
  webhook: 'PingWebhookMessage',
  batch: 'BatchWebhookMessage',
  verdict: 'VerdictChangedMessage',
} as const;
const SUMMARIES = {
  'diagnosis.completed': 'A diagnosis has a verdict',
  'diagnosis.failed': 'A diagnosis could not be carried out',
  'incident.opened': 'An incident is new, or back after it was resolved',
  'incident.changed': 'An incident grew quiet, open again or graver, or its diagnosis has found something else',
  'incident.resolved': 'Nothing of an incident was seen for half an hour',
  'batch.completed': 'All flows of a batch have ended',
  'verdict.changed': 'A schedule has another answer than before',
  [PING_EVENT]: 'Somebody tries whether the receiver works',
} as const;

const messageOf = (type: string): string => {
  const [subject] = type.split('.', 1);
  return Object.entries(MESSAGES).find(([of]) => of === subject)?.[1] ?? MESSAGES.webhook;
};

const operation = (type: WebhookEventType) => ({
  post: {
    operationId: `on ${type}`,
    summary: SUMMARIES[type],
    description:
      'A Standard Webhooks message: verify its signature before anything else. The same webhook-id may come more than once.',
    tags: ['webhooks'],
    security: [],
    parameters: [
      header('webhook-id', 'of this message; the same at each attempt', 'msg_0f1c8a52-7f2b-4e57-9f5e-0d8f6a3a1c11'),
      header('webhook-timestamp', 'of this attempt: seconds since the epoch', '1614265330'),
      header(
        'webhook-signature',
        '`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`; several with spaces between while a secret is rotated',
        'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      ),
    ],
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { $ref: `#/components/schemas/${messageOf(type)}` } } },
    },
    responses: {
      '2XX': { description: 'Taken. Anything else is tried again for about a day' },
      '410': { description: 'The receiver wants no more: the webhook is switched off' },
      '429': { description: 'Too many; Retry-After is honoured (with 503 and others too)' },
    },
  },
});

const TYPES = [...WEBHOOK_EVENT_TYPES, PING_EVENT] as const;
export const WEBHOOKS = Object.fromEntries(TYPES.map((type) => [type, operation(type)]));
