/** POST, GET and list of diagnoses, and running one again. */
import { type DiagnosisDocument, DiagnosisRequest, type DiagnosisSummary, ref, Stage } from '@netverdict/contracts';
import type { FullDiagnosisRow } from '@netverdict/store';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { newDiagnosisId } from '../domain/accept.ts';
import { isOwn } from '../domain/view.ts';
import { waitFor } from '../domain/waiting.ts';
import { abortOfClient } from '../http/abort.ts';
import { AcceptHeaders, idempotencyKey, parsePrefer, WaitHeaders } from '../http/prefer.ts';
import { invalidRequest, unknownDiagnosis } from '../http/problems.ts';
import { beforeId, pageOf } from './place.ts';
import { errors, IdParams, PageQuery, text } from './schemas.ts';

export const DIAGNOSIS_ID = /^dg_[0-9a-f-]{36}$/;
const pathOf = (id: string): string => `/api/v1/diagnoses/${id}`;

const ListQuery = Type.Object(
  {
    cluster: Type.Optional(text('only of this cluster')),
    outcome: Type.Optional(
      Type.Union(
        [
          Type.Literal('reachable'),
          Type.Literal('unreachable'),
          Type.Literal('partially-reachable'),
          Type.Literal('undetermined'),
        ],
        { description: 'only with this outcome' },
      ),
    ),
    status: Type.Optional(Stage),
    source: Type.Optional(text("beginning of the source's name: `shop/cart`")),
    destination: Type.Optional(text("beginning of the destination's name: `shop/payments`")),
    batch: Type.Optional(text('only of this batch: `db_…`')),
    schedule: Type.Optional(text('only runs of this schedule: `sc_…`')),
    since: Type.Optional(Type.String({ format: 'date-time', description: 'accepted at or after' })),
    ...PageQuery,
  },
  { additionalProperties: false },
);

export function diagnosisRoutes(app: Server, deps: Dependencies): void {
  const { store, acceptance, changes, callbackRefusal } = deps;

  /** Answers an accepted diagnosis: with its result when the client waits and it comes in time, else with 202. */
  async function accept(
    request: FastifyRequest,
    reply: FastifyReply,
    body: DiagnosisRequest,
    again: { readonly of: string; readonly namesGiven: boolean } | null,
  ): Promise<DiagnosisDocument> {
    const refusal = body.callbackUrl === undefined ? null : callbackRefusal(body.callbackUrl);
    if (refusal)
      throw invalidRequest([
        { pointer: '/callbackUrl', detail: refusal, expected: 'an http or https URL that this server may call' },
      ]);
    const waitMs = parsePrefer(request.headers.prefer);
    const id = newDiagnosisId();
    // Before anything is published, so that no answer is too quick for it.
    let waiting = waitMs === null ? null : waitFor(id, changes, store.diagnoses);
    try {
      const { tokenId, scope } = deps.token.check(request);
      await deps.room.admit(tokenId);
      const { row, created } = await acceptance.accept(id, body, {
        tokenId,
        idempotencyKey: idempotencyKey(request),
        rerunOf: again?.of ?? null,
        visibleNamespaces: scope.namespaces,
        namesGiven: again?.namesGiven ?? true,
      });
      if (created && body.probe !== undefined && body.probe !== false)
        deps.log.info(
          { diagnosisId: row.id, tokenId, source: body.source, destination: body.destination },
          'real packets were asked for',
        );
      reply.header('location', pathOf(row.id));
      let latest: FullDiagnosisRow = { ...row, result: null };
      if (!created) {
        waiting?.stop();
        waiting = waitMs === null ? null : waitFor(row.id, changes, store.diagnoses);
        latest = (await store.diagnoses.get(row.id)) ?? latest;
        reply.header('idempotency-replayed', 'true');
      }
      if (waiting && waitMs !== null && !latest.finished_at) {
        reply.header('preference-applied', `wait=${waitMs / 1000}`);
        const finished = await waiting.finished(waitMs, abortOfClient(reply, deps.stopping));
        latest = finished ?? (await store.diagnoses.get(row.id)) ?? latest;
      }
      reply.code(waitMs !== null && latest.finished_at ? 200 : 202);
      return deps.token.view(request).document(latest);
    } finally {
      waiting?.stop();
    }
  }

  const accepted = {
    200: { description: 'Finished within the time that the client waits', ...ref<DiagnosisDocument>('Diagnosis') },
    202: { description: 'Accepted; follow `Location`', ...ref<DiagnosisDocument>('Diagnosis') },
  };

  app.post(
    '/api/v1/diagnoses',
    {
      schema: {
        operationId: 'createDiagnosis',
        summary: 'Why does A not reach B?',
        tags: ['diagnoses'],
        headers: AcceptHeaders,
        body: DiagnosisRequest,
        response: { ...accepted, ...errors(400, 401, 413, 415, 422, 503) },
      },
    },
    (request, reply) => accept(request, reply, request.body, null),
  );

  app.post(
    '/api/v1/diagnoses/:id/rerun',
    {
      schema: {
        operationId: 'rerunDiagnosis',
        summary: 'Ask the same question again, of the cluster as it is now',
        tags: ['diagnoses'],
        params: IdParams,
        headers: AcceptHeaders,
        response: { ...accepted, ...errors(400, 401, 404, 422, 503) },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const row = DIAGNOSIS_ID.test(id) ? await store.diagnoses.getRow(id) : null;
      if (!row) throw unknownDiagnosis(id);
      const { tokenId, scope } = deps.token.check(request);
      const own = isOwn(row, tokenId);
      // Who may not see the callback's URL does not have it called.
      const { callbackUrl: _, ...unheard } = row.request;
      const question = scope.namespaces === null || own ? row.request : unheard;
      return accept(request, reply, question, { of: row.id, namesGiven: scope.namespaces === null || own });
    },
  );

  app.get(
    '/api/v1/diagnoses/:id',
    {
      schema: {
        operationId: 'getDiagnosis',
        summary: 'One diagnosis, with all that is known of it',
        tags: ['diagnoses'],
        params: IdParams,
        headers: WaitHeaders,
        response: { 200: ref<DiagnosisDocument>('Diagnosis'), ...errors(401, 404, 503) },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      if (!DIAGNOSIS_ID.test(id)) throw unknownDiagnosis(id);
      const view = deps.token.view(request);
      const waitMs = parsePrefer(request.headers.prefer);
      const waiting = waitMs === null ? null : waitFor(id, changes, store.diagnoses);
      try {
        const row = await store.diagnoses.get(id);
        if (!row) throw unknownDiagnosis(id);
        if (!waiting || waitMs === null || row.finished_at) return view.document(row);
        reply.header('preference-applied', `wait=${waitMs / 1000}`);
        const finished = await waiting.finished(waitMs, abortOfClient(reply, deps.stopping));
        return view.document(finished ?? (await store.diagnoses.get(id)) ?? row);
      } finally {
        waiting?.stop();
      }
    },
  );

  app.get(
    '/api/v1/diagnoses',
    {
      schema: {
        operationId: 'listDiagnoses',
        summary: 'Diagnoses, newest first',
        tags: ['diagnoses'],
        querystring: ListQuery,
        response: { 200: ref('DiagnosisList'), ...errors(400, 401, 503) },
      },
    },
    async (request): Promise<{ items: DiagnosisSummary[]; nextCursor: string | null }> => {
      const { cursor, limit = 50, ...filter } = request.query;
      const { namespaces } = deps.token.check(request).scope;
      const rows = await store.diagnoses.list({
        ...filter,
        ...(namespaces === null ? {} : { namespaces }),
        ...beforeId(cursor, DIAGNOSIS_ID),
        limit: limit + 1,
      });
      return pageOf(rows, limit, ({ id }) => id, deps.token.view(request).summary);
    },
  );
}

/** A row that must be there. */
export async function rowOf(deps: Dependencies, id: string): Promise<FullDiagnosisRow> {
  const row = DIAGNOSIS_ID.test(id) ? await deps.store.diagnoses.get(id) : null;
  if (!row) throw unknownDiagnosis(id);
  return row;
}
