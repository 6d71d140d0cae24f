/** What was told, what was answered, what died: deliveries of webhooks and of callbackUrls. */
import {
  type DeliveryDocument,
  DeliveryStateSchema,
  oneOf,
  PING_EVENT,
  ref,
  WEBHOOK_EVENT_TYPES,
} from '@netverdict/contracts';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { deliveryDocument } from '../domain/webhooks/documents.ts';
import { beforeNumber, pageOf } from './place.ts';
import { errors, PageQuery, text } from './schemas.ts';
import { WebhookParams } from './webhooks.ts';

const Params = Type.Object({ id: Type.String({ description: '`msg_…`' }) });
const tags = ['webhooks'];
const one = { description: 'The delivery with its attempts', ...ref<DeliveryDocument>('WebhookDelivery') };

const Query = Type.Object(
  {
    webhook: Type.Optional(text('only of this webhook: `wh_…`')),
    diagnosis: Type.Optional(text('only of this diagnosis: `dg_…`')),
    incident: Type.Optional(text('only of this incident: `inc_…`')),
    state: Type.Optional(
      Type.Unsafe<DeliveryDocument['state']>({ ...DeliveryStateSchema, description: 'failed: the dead letters' }),
    ),
    eventType: Type.Optional(oneOf(...WEBHOOK_EVENT_TYPES, PING_EVENT)),
    ...PageQuery,
  },
  { additionalProperties: false },
);

export function webhookDeliveryRoutes(app: Server, { store, webhooks }: Dependencies): void {
  app.get(
    '/api/v1/webhook-deliveries',
    {
      schema: {
        operationId: 'listWebhookDeliveries',
        summary: 'Deliveries, newest first',
        tags,
        querystring: Query,
        response: { 200: ref<{ items: DeliveryDocument[] }>('WebhookDeliveryList'), ...errors(400, 401, 503) },
      },
    },
    async (request) => {
      const { cursor, limit = 50, ...filter } = request.query;
      const rows = await store.deliveries.list({ ...filter, ...beforeNumber(cursor), limit: limit + 1 });
      return pageOf(rows, limit, ({ seq }) => seq, deliveryDocument);
    },
  );

  app.get(
    '/api/v1/webhook-deliveries/:id',
    {
      schema: {
        operationId: 'getWebhookDelivery',
        summary: 'A delivery with its attempts: when, how long, what was answered',
        tags,
        params: Params,
        response: { 200: one, ...errors(401, 404, 503) },
      },
    },
    (request) => webhooks.delivery(request.params.id),
  );

  app.post(
    '/api/v1/webhook-deliveries/:id/redeliver',
    {
      schema: {
        operationId: 'redeliverWebhookDelivery',
        summary: 'Send it once more from the beginning, under the same webhook-id',
        tags,
        params: Params,
        response: { 202: one, ...errors(401, 404, 409, 503) },
      },
    },
    async (request, reply) => {
      reply.code(202);
      return webhooks.redeliver(request.params.id);
    },
  );

  app.post(
    '/api/v1/webhooks/:id/redeliver',
    {
      schema: {
        operationId: 'redeliverDeadLetters',
        summary: 'Send the dead letters of a webhook once more',
        tags,
        params: WebhookParams,
        body: Type.Object(
          {
            since: Type.Optional(
              Type.String({ format: 'date-time', description: 'recorded at or after; all when absent' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          202: { description: 'How many', ...ref<{ redelivered: number }>('WebhookRedelivered') },
          ...errors(400, 401, 404, 413, 415, 503),
        },
      },
    },
    async (request, reply) => {
      const { since } = request.body;
      reply.code(202);
      return { redelivered: await webhooks.redeliverFailed(request.params.id, new Date(since ?? 0)) };
    },
  );

  app.post(
    '/api/v1/webhooks/:id/ping',
    {
      schema: {
        operationId: 'pingWebhook',
        summary: 'Try the receiver: one attempt, now, with its outcome',
        description:
          'Not repeated. `state` is pending where the receiver is left alone just now (`pausedUntil`) or has no room.',
        tags,
        params: WebhookParams,
        response: { 200: one, ...errors(401, 404, 503) },
      },
    },
    (request) => webhooks.ping(request.params.id),
  );
}
