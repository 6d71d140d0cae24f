/** Batches: up to a thousand questions in one request, followed by polling (ETag, Prefer) or live, cancelled. */
import {
  type BatchFlowDocument,
  BatchFlowStateSchema,
  type DiagnosisBatchDocument,
  DiagnosisBatchRequested,
  oneOf,
  ref,
} from '@netverdict/contracts';
import type { FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { BATCH_ID } from '../domain/batches/batches.ts';
import { batchDocument, batchFlowDocument } from '../domain/batches/documents.ts';
import { backgroundView } from '../domain/redact/background.ts';
import { abortOfClient } from '../http/abort.ts';
import { answerTagged, etagOf, fitsEtag } from '../http/etag.ts';
import { eventFrame, heartbeatFrame, sendEventStream } from '../http/event-stream.ts';
import { tokenOfScoped } from '../http/own-things.ts';
import { AcceptHeaders, idempotencyKey, parsePrefer, WaitHeaders } from '../http/prefer.ts';
import { invalidRequest } from '../http/problems.ts';
import { beforeId, numberOf, pageOf } from './place.ts';
import { errors, PageQuery } from './schemas.ts';

const Params = Type.Object({ id: Type.String({ description: '`db_…`' }) });
const PollHeaders = Type.Object({
  ...WaitHeaders.properties,
  'if-none-match': Type.Optional(
    Type.String({
      description: 'the ETag of before: 304 when nothing has changed; with `Prefer: wait` after the wait',
    }),
  ),
});
const tags = ['batches'];
const one = { description: 'The batch', ...ref<DiagnosisBatchDocument>('DiagnosisBatch') };
const unchanged = { description: 'As it was when the ETag was given', type: 'null' as const };
const pathOf = (id: string): string => `/api/v1/diagnosis-batches/${id}`;
/** A thousand flows with long names. */
const BODY_LIMIT_BYTES = 2 * 1024 * 1024;

export function batchRoutes(app: Server, deps: Dependencies): void {
  const { store, batches, token, callbackRefusal } = deps;
  const own = (request: FastifyRequest) => tokenOfScoped(token.check(request));

  app.post(
    '/api/v1/diagnosis-batches',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        operationId: 'createDiagnosisBatch',
        summary: 'Up to 1,000 questions in one request',
        description:
          'Accepted whole or not at all: of a flow that is not valid `errors` names the place (`/flows/7/source/pod`). The flows are begun at a pace that leaves room for single questions; each is an ordinary diagnosis with its deadline from its own beginning (`GET /api/v1/diagnoses?batch=…`).',
        tags,
        headers: Type.Object({ 'idempotency-key': AcceptHeaders.properties['idempotency-key'] }),
        body: DiagnosisBatchRequested,
        response: {
          202: { ...one, description: 'Accepted; follow `Location`' },
          ...errors(400, 401, 403, 413, 415, 422, 503),
        },
      },
    },
    async (request, reply) => {
      const { callbackUrl } = request.body;
      const refusal = callbackUrl === undefined ? null : callbackRefusal(callbackUrl);
      if (refusal !== null)
        throw invalidRequest([
          { pointer: '/callbackUrl', detail: refusal, expected: 'an http or https URL that this server may call' },
        ]);
      const { tokenId, scope } = token.check(request);
      const asked = { tokenId, visibleNamespaces: scope.namespaces, idempotencyKey: idempotencyKey(request) };
      const { document, created } = await batches.accept(request.body, asked);
      deps.log.info({ batchId: document.id, tokenId, flows: document.flows, created }, 'a batch was accepted');
      if (!created) reply.header('idempotency-replayed', 'true');
      reply.code(202).header('location', pathOf(document.id)).header('etag', etagOf(document));
      return document;
    },
  );

  app.get(
    '/api/v1/diagnosis-batches',
    {
      schema: {
        operationId: 'listDiagnosisBatches',
        summary: 'Batches, newest first',
        tags,
        querystring: Type.Object(PageQuery, { additionalProperties: false }),
        response: { 200: ref<{ items: DiagnosisBatchDocument[] }>('DiagnosisBatchList'), ...errors(400, 401, 503) },
      },
    },
    async (request) => {
      const { cursor, limit = 50 } = request.query;
      const of = { ...own(request), ...beforeId(cursor, BATCH_ID), limit: limit + 1 };
      const rows = await store.batches.list(of);
      return pageOf(rows, limit, ({ id }) => id, batchDocument);
    },
  );

  app.get(
    '/api/v1/diagnosis-batches/:id',
    {
      schema: {
        operationId: 'getDiagnosisBatch',
        summary: 'A batch with its counts',
        description:
          '`Prefer: wait=N` answers when all have ended, or after so long; together with `If-None-Match` as soon as a count has changed.',
        tags,
        params: Params,
        headers: PollHeaders,
        response: { 200: one, 304: unchanged, ...errors(401, 404, 503) },
      },
    },
    async (request, reply) => {
      let latest = batchDocument(await batches.row(request.params.id));
      const waitMs = parsePrefer(request.headers.prefer);
      const known = request.headers['if-none-match'];
      if (waitMs !== null) {
        reply.header('preference-applied', `wait=${waitMs / 1000}`);
        const enough = (): boolean =>
          latest.finishedAt !== null || (known !== undefined && !fitsEtag(known, etagOf(latest)));
        const signal = AbortSignal.any([abortOfClient(reply, deps.stopping), AbortSignal.timeout(waitMs)]);
        if (!enough())
          for await (const document of batches.follow(latest.id, signal)) {
            latest = document ?? latest;
            if (enough()) break;
          }
      }
      return answerTagged(request, reply, latest);
    },
  );

  app.get(
    '/api/v1/diagnosis-batches/:id/flows',
    {
      schema: {
        operationId: 'listDiagnosisBatchFlows',
        summary: 'The flows of a batch in their order, each with its diagnosis and how it ended',
        tags,
        params: Params,
        querystring: Type.Object(
          {
            state: Type.Optional(BatchFlowStateSchema),
            outcome: Type.Optional(oneOf('reachable', 'unreachable', 'partially-reachable', 'undetermined')),
            ...PageQuery,
          },
          { additionalProperties: false },
        ),
        response: { 200: ref<{ items: BatchFlowDocument[] }>('DiagnosisBatchFlowList'), ...errors(400, 401, 404, 503) },
      },
    },
    async (request) => {
      const { id } = await batches.row(request.params.id);
      const { cursor, limit = 50, ...filter } = request.query;
      const rows = await store.batches.flows(id, { ...filter, after: numberOf(cursor) ?? -1, limit: limit + 1 });
      const view = backgroundView(token.check(request).scope.namespaces);
      return pageOf(
        rows,
        limit,
        ({ n }) => n,
        (row) => {
          const flow = batchFlowDocument(row);
          const { deciding, request: asked, message } = flow;
          return { ...flow, deciding: view.deciding(deciding), message: view.message(asked, message) };
        },
      );
    },
  );

  app.get(
    '/api/v1/diagnosis-batches/:id/events',
    {
      schema: {
        operationId: 'streamDiagnosisBatch',
        summary: 'Counts of a batch, live (server-sent events)',
        description:
          'An event `progress` (DiagnosisBatch) at once and whenever a count changes (several changes may come as one), then one `completed` or `cancelled`, then the end. Reconnecting begins with how it is then.',
        tags,
        params: Params,
        response: {
          200: { description: 'The stream', content: { 'text/event-stream': { schema: Type.String() } } },
          ...errors(401, 404, 503),
        },
      },
    },
    async (request, reply) => {
      const { id } = await batches.row(request.params.id);
      const documents = batches.follow(id, abortOfClient(reply, deps.stopping));
      async function* frames(): AsyncGenerator<string> {
        for await (const data of documents) {
          if (data === null) yield heartbeatFrame();
          else yield eventFrame({ event: data.finishedAt === null ? 'progress' : data.status, data });
        }
      }
      return sendEventStream(reply, frames()) as never;
    },
  );

  app.post(
    '/api/v1/diagnosis-batches/:id/cancel',
    {
      schema: {
        operationId: 'cancelDiagnosisBatch',
        summary: 'Begin no more of its flows; what is under way comes to its end',
        tags,
        params: Params,
        response: { 200: one, ...errors(401, 403, 404, 503) },
      },
    },
    (request) => batches.cancel(request.params.id),
  );
}
