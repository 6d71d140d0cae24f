/** Registered webhooks and their deliveries as REST takes and shows them. */
import Type, { type Static } from 'typebox';
import { AnomalyKind } from '../messages/events.ts';
import { IncidentSeverity } from './incident-document.ts';
import { nullable, oneOf, ref } from './verdict-schemas.ts';
import { PING_EVENT, WEBHOOK_EVENT_TYPES } from './webhook.ts';

const Instant = Type.String({ format: 'date-time' });
const some = <T extends Parameters<typeof Type.Array>[0]>(items: T, description: string) =>
  Type.Optional(Type.Array(items, { minItems: 1, maxItems: 64, description }));
const Name = (pattern: string) => Type.String({ minLength: 1, maxLength: 63, pattern });
const LABEL = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';

export const WebhookFilter = Type.Object(
  {
    clusters: some(Name(LABEL), 'only of these clusters'),
    namespaces: some(Name(LABEL), 'only where an end lies in one of these namespaces'),
    outcomes: some(
      oneOf('reachable', 'unreachable', 'partially-reachable', 'undetermined'),
      'of completed diagnoses only those',
    ),
    severities: some(IncidentSeverity, 'of incidents only those'),
    kinds: some(AnomalyKind, 'of incidents only those'),
  },
  { additionalProperties: false, description: 'All conditions hold; one on what an event does not have holds too' },
);
export type WebhookFilter = Static<typeof WebhookFilter>;

const settings = {
  url: Type.String({ format: 'uri', maxLength: 2048, examples: ['https://hooks.example.org/netverdict'] }),
  eventTypes: Type.Array(oneOf(...WEBHOOK_EVENT_TYPES), { minItems: 1, maxItems: 16, uniqueItems: true }),
  filter: WebhookFilter,
  description: Type.String({ maxLength: 500, pattern: '^[^\\u0000]*$' }),
  concurrency: Type.Integer({ minimum: 1, maximum: 32, description: 'attempts at the same time; 4 when absent' }),
};

export const WebhookRequested = Type.Object(
  {
    url: settings.url,
    eventTypes: settings.eventTypes,
    filter: Type.Optional(settings.filter),
    description: Type.Optional(settings.description),
    concurrency: Type.Optional(settings.concurrency),
  },
  { additionalProperties: false },
);
export type WebhookRequested = Static<typeof WebhookRequested>;

export const WebhookChange = Type.Object(
  {
    url: Type.Optional(settings.url),
    eventTypes: Type.Optional(settings.eventTypes),
    filter: Type.Optional(settings.filter),
    description: Type.Optional(settings.description),
    concurrency: Type.Optional(settings.concurrency),
    enabled: Type.Optional(Type.Boolean({ description: 'true also where it was switched off by an answer 410' })),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type WebhookChange = Static<typeof WebhookChange>;

export const RotationRequested = Type.Object(
  {
    overlapSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 604_800,
        description: 'for so long the former secret signs too; a day when absent',
      }),
    ),
  },
  { additionalProperties: false },
);

export const WebhookDocument = Type.Object(
  {
    id: Type.String({ description: '`wh_…`' }),
    url: Type.String(),
    eventTypes: Type.Array(oneOf(...WEBHOOK_EVENT_TYPES)),
    filter: WebhookFilter,
    description: Type.String(),
    concurrency: Type.Integer(),
    enabled: Type.Boolean(),
    disabledReason: nullable(Type.String({ description: 'why it was switched off when nobody asked for that' })),
    failures: Type.Integer({ description: 'attempts since it last answered as a working receiver does' }),
    pausedUntil: nullable(
      Type.String({
        format: 'date-time',
        description: 'no attempts until then: too many failed, or it asked for that',
      }),
    ),
    formerSecretUntil: nullable(Type.String({ format: 'date-time', description: 'until then two secrets sign' })),
    createdAt: Instant,
    updatedAt: Instant,
    secret: Type.Optional(Type.String({ description: '`whsec_…`; shown once, where it was made' })),
  },
  { $id: 'Webhook' },
);
export type WebhookDocument = Static<typeof WebhookDocument>;

export const WebhookList = Type.Object(
  { items: Type.Array(ref<WebhookDocument>('Webhook')), nextCursor: nullable(Type.String()) },
  { $id: 'WebhookList' },
);

export const DeliveryStateSchema = oneOf('pending', 'delivered', 'failed');

export const WebhookAttempt = Type.Object(
  {
    at: Instant,
    durationMs: Type.Integer(),
    status: nullable(Type.Integer({ description: 'null: there was no answer' })),
    error: nullable(Type.String({ description: 'null: delivered' })),
  },
  { $id: 'WebhookAttempt' },
);

export const DeliveryDocument = Type.Object(
  {
    id: Type.String({ description: '`msg_…`: the `webhook-id` that the receiver sees' }),
    webhook: nullable(Type.String({ description: 'null: to the callbackUrl of the diagnosis' })),
    url: Type.String(),
    eventType: oneOf(...WEBHOOK_EVENT_TYPES, PING_EVENT),
    cluster: nullable(Type.String()),
    diagnosisId: nullable(Type.String()),
    incidentId: nullable(Type.String()),
    batchId: nullable(Type.String()),
    scheduleId: nullable(Type.String()),
    state: Type.Unsafe<'pending' | 'delivered' | 'failed'>({
      ...DeliveryStateSchema,
      description: 'failed: a dead letter, which goes out again when somebody redelivers it',
    }),
    attempts: Type.Integer(),
    lastStatus: nullable(Type.Integer()),
    lastError: nullable(Type.String()),
    createdAt: Instant,
    nextAttemptAt: nullable(Type.String({ format: 'date-time', description: 'at the earliest' })),
    finishedAt: nullable(Instant),
    log: Type.Optional(
      Type.Array(ref<Static<typeof WebhookAttempt>>('WebhookAttempt'), {
        description: 'of one delivery: its attempts, the newest first, at most 50',
      }),
    ),
  },
  { $id: 'WebhookDelivery' },
);
export type DeliveryDocument = Static<typeof DeliveryDocument>;

export const DeliveryList = Type.Object(
  { items: Type.Array(ref<DeliveryDocument>('WebhookDelivery')), nextCursor: nullable(Type.String()) },
  { $id: 'WebhookDeliveryList' },
);

export const Redelivered = Type.Object(
  { redelivered: Type.Integer({ description: 'dead letters that go out again' }) },
  { $id: 'WebhookRedelivered' },
);
