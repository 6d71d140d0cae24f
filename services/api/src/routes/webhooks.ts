/** Registered webhooks: who is told what, where. */
import { RotationRequested, ref, WebhookChange, type WebhookDocument, WebhookRequested } from '@netverdict/contracts';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { webhookDocument } from '../domain/webhooks/documents.ts';
import { WEBHOOK_ID } from '../domain/webhooks/webhooks.ts';
import { beforeId, pageOf } from './place.ts';
import { errors, PageQuery } from './schemas.ts';

export const WebhookParams = Type.Object({ id: Type.String({ description: '`wh_…`' }) });
const tags = ['webhooks'];
const DAY_S = 86_400;
const one = { description: 'The webhook', ...ref<WebhookDocument>('Webhook') };
const withSecret = {
  description: 'The webhook with its new secret, which is not shown again',
  ...ref<WebhookDocument>('Webhook'),
};

export function webhookRoutes(app: Server, { store, webhooks, token, log }: Dependencies): void {
  app.post(
    '/api/v1/webhooks',
    {
      schema: {
        operationId: 'createWebhook',
        summary: 'Be told of events at a URL',
        description: 'What comes is described under `webhooks` of this document and in docs/webhooks.md.',
        tags,
        body: WebhookRequested,
        response: { 201: withSecret, ...errors(400, 401, 413, 415, 503) },
      },
    },
    async (request, reply) => {
      const { tokenId } = token.check(request);
      const document = await webhooks.create(request.body, tokenId);
      log.info({ webhookId: document.id, tokenId, url: document.url }, 'a webhook was registered');
      reply.code(201).header('location', `/api/v1/webhooks/${document.id}`);
      return document;
    },
  );

  app.get(
    '/api/v1/webhooks',
    {
      schema: {
        operationId: 'listWebhooks',
        summary: 'Webhooks, newest first',
        tags,
        querystring: Type.Object(PageQuery, { additionalProperties: false }),
        response: { 200: ref<{ items: WebhookDocument[] }>('WebhookList'), ...errors(400, 401, 503) },
      },
    },
    async (request) => {
      const { cursor, limit = 50 } = request.query;
      const rows = await store.webhooks.list({ ...beforeId(cursor, WEBHOOK_ID), limit: limit + 1 });
      return pageOf(rows, limit, ({ id }) => id, webhookDocument);
    },
  );

  app.get(
    '/api/v1/webhooks/:id',
    {
      schema: {
        operationId: 'getWebhook',
        summary: 'A webhook, and how it goes with its receiver',
        tags,
        params: WebhookParams,
        response: { 200: one, ...errors(401, 404, 503) },
      },
    },
    (request) => webhooks.get(request.params.id),
  );

  app.patch(
    '/api/v1/webhooks/:id',
    {
      schema: {
        operationId: 'changeWebhook',
        summary: 'Change a webhook, or switch it off or on; what is absent stays',
        description:
          'What waits goes to the new URL. What comes due while it is switched off becomes a dead letter, which can be redelivered; what happens then is not recorded for it.',
        tags,
        params: WebhookParams,
        body: WebhookChange,
        response: { 200: one, ...errors(400, 401, 404, 413, 415, 503) },
      },
    },
    (request) => webhooks.change(request.params.id, request.body),
  );

  app.delete(
    '/api/v1/webhooks/:id',
    {
      schema: {
        operationId: 'deleteWebhook',
        summary: 'Remove a webhook with its deliveries',
        tags,
        params: WebhookParams,
        response: { 204: { description: 'It is gone', type: 'null' as const }, ...errors(401, 404, 503) },
      },
    },
    async (request, reply) => {
      await webhooks.remove(request.params.id);
      return reply.code(204).send(null as never);
    },
  );

  app.post(
    '/api/v1/webhooks/:id/rotate',
    {
      schema: {
        operationId: 'rotateWebhookSecret',
        summary: 'A new secret; the former one signs too for a while',
        tags,
        params: WebhookParams,
        body: RotationRequested,
        response: { 200: withSecret, ...errors(400, 401, 404, 413, 415, 503) },
      },
    },
    (request) => webhooks.rotate(request.params.id, (request.body.overlapSeconds ?? DAY_S) * 1000),
  );
}
