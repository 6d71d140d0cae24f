/** Schedules: a question again and again, and told when its answer changes. */
import {
  ref,
  ScheduleChanged,
  type ScheduleDocument,
  ScheduleRequested,
  type ScheduleRun,
} from '@netverdict/contracts';
import type { FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { backgroundView } from '../domain/redact/background.ts';
import { scheduleDocument, scheduleRunDocument } from '../domain/schedules/documents.ts';
import { SCHEDULE_ID } from '../domain/schedules/schedules.ts';
import { answerTagged } from '../http/etag.ts';
import { tokenOfScoped } from '../http/own-things.ts';
import { AcceptHeaders, idempotencyKey } from '../http/prefer.ts';
import { invalidRequest } from '../http/problems.ts';
import { beforeId, beforeNumber, pageOf } from './place.ts';
import { errors, PageQuery } from './schemas.ts';

const Params = Type.Object({ id: Type.String({ description: '`sc_…`' }) });
const tags = ['schedules'];
const one = { description: 'The schedule', ...ref<ScheduleDocument>('Schedule') };

export function scheduleRoutes(app: Server, deps: Dependencies): void {
  const { store, schedules, token, callbackRefusal } = deps;
  const seen = (request: FastifyRequest, shown: ScheduleDocument): ScheduleDocument => {
    const view = backgroundView(token.check(request).scope.namespaces);
    const { answer } = shown;
    return { ...shown, answer: answer && { ...answer, deciding: view.deciding(answer.deciding) } };
  };
  const checkCallback = (url: string | null | undefined): void => {
    const refusal = url === undefined || url === null ? null : callbackRefusal(url);
    if (refusal !== null)
      throw invalidRequest([
        { pointer: '/callbackUrl', detail: refusal, expected: 'an http or https URL that this server may call' },
      ]);
  };

  app.post(
    '/api/v1/schedules',
    {
      schema: {
        operationId: 'createSchedule',
        summary: 'Ask again and again, and be told when the answer changes',
        description:
          'By `everyMs` (the first run is at once) or `cron` with a time zone. One run at a time; what was due and could not be begun stands in its history with the reason. Told is `verdict.changed`, to webhooks and to `callbackUrl`: another outcome, or others that decide (code and hop of what blocks). The first answer is told to nobody.',
        tags,
        headers: Type.Object({ 'idempotency-key': AcceptHeaders.properties['idempotency-key'] }),
        body: ScheduleRequested,
        response: { 201: one, ...errors(400, 401, 403, 409, 413, 415, 422, 503) },
      },
    },
    async (request, reply) => {
      checkCallback(request.body.callbackUrl);
      const { tokenId, scope } = token.check(request);
      const asked = { tokenId, visibleNamespaces: scope.namespaces, idempotencyKey: idempotencyKey(request) };
      const made = await schedules.create(request.body, asked);
      if (!made.created) reply.header('idempotency-replayed', 'true');
      reply.code(201).header('location', `/api/v1/schedules/${made.document.id}`);
      return seen(request, made.document);
    },
  );

  app.get(
    '/api/v1/schedules',
    {
      schema: {
        operationId: 'listSchedules',
        summary: 'Schedules, newest first, each with its last answer',
        tags,
        querystring: Type.Object(PageQuery, { additionalProperties: false }),
        response: { 200: ref<{ items: ScheduleDocument[] }>('ScheduleList'), ...errors(400, 401, 503) },
      },
    },
    async (request) => {
      const { cursor, limit = 50 } = request.query;
      const of = { ...tokenOfScoped(token.check(request)), ...beforeId(cursor, SCHEDULE_ID), limit: limit + 1 };
      const rows = await store.schedules.list(of);
      return pageOf(
        rows,
        limit,
        ({ id }) => id,
        (row) => seen(request, scheduleDocument(row)),
      );
    },
  );

  app.get(
    '/api/v1/schedules/:id',
    {
      schema: {
        operationId: 'getSchedule',
        summary: 'A schedule with its last answer',
        tags,
        params: Params,
        headers: Type.Object({ 'if-none-match': Type.Optional(Type.String({ description: 'the ETag of before' })) }),
        response: {
          200: one,
          304: { description: 'As it was when the ETag was given', type: 'null' as const },
          ...errors(401, 404, 503),
        },
      },
    },
    async (request, reply) =>
      answerTagged(request, reply, seen(request, scheduleDocument(await schedules.row(request.params.id)))),
  );

  app.get(
    '/api/v1/schedules/:id/runs',
    {
      schema: {
        operationId: 'listScheduleRuns',
        summary: 'Its runs, newest first, also those that were missed',
        tags,
        params: Params,
        querystring: Type.Object(
          {
            changed: Type.Optional(Type.Boolean({ description: 'true: only those with another answer than before' })),
            ...PageQuery,
          },
          { additionalProperties: false },
        ),
        response: { 200: ref<{ items: ScheduleRun[] }>('ScheduleRunList'), ...errors(400, 401, 404, 503) },
      },
    },
    async (request) => {
      const { id, request: question } = await schedules.row(request.params.id);
      const { cursor, limit = 50, ...filter } = request.query;
      const rows = await store.schedules.runs(id, { ...filter, ...beforeNumber(cursor), limit: limit + 1 });
      const view = backgroundView(token.check(request).scope.namespaces);
      return pageOf(
        rows,
        limit,
        ({ seq }) => seq,
        (row) => {
          const run = scheduleRunDocument(row);
          return { ...run, deciding: view.deciding(run.deciding), problem: view.problem(question, run.problem) };
        },
      );
    },
  );

  app.patch(
    '/api/v1/schedules/:id',
    {
      schema: {
        operationId: 'changeSchedule',
        summary: 'Change its name, when it runs or who is told; what is absent stays',
        description: 'The question does not change: its history would be of two.',
        tags,
        params: Params,
        body: ScheduleChanged,
        response: { 200: one, ...errors(400, 401, 403, 404, 413, 415, 503) },
      },
    },
    async (request) => {
      checkCallback(request.body.callbackUrl);
      return seen(request, await schedules.change(request.params.id, request.body));
    },
  );

  for (const [what, summary] of [
    ['pause', 'No more runs until it is resumed'],
    ['resume', 'Runs again, from now on; what would have been due meanwhile was not missed'],
  ] as const)
    app.post(
      `/api/v1/schedules/:id/${what}`,
      {
        schema: {
          operationId: `${what}Schedule`,
          summary,
          tags,
          params: Params,
          response: { 200: one, ...errors(401, 403, 404, 503) },
        },
      },
      async (request) => seen(request, await schedules[what](request.params.id)),
    );

  app.post(
    '/api/v1/schedules/:id/run',
    {
      schema: {
        operationId: 'runSchedule',
        summary: 'A run now, paused or not; 409 while one is under way',
        tags,
        params: Params,
        response: {
          202: { description: 'The diagnosis of the run; follow `Location`', ...ref('Diagnosis') },
          ...errors(401, 403, 404, 409, 503),
        },
      },
    },
    async (request, reply) => {
      const id = await schedules.runNow(request.params.id);
      reply.code(202).header('location', `/api/v1/diagnoses/${id}`);
      const row = await store.diagnoses.getRow(id);
      return row && token.view(request).document({ ...row, result: null });
    },
  );

  app.delete(
    '/api/v1/schedules/:id',
    {
      schema: {
        operationId: 'deleteSchedule',
        summary: 'Remove it with its history; its diagnoses stay',
        tags,
        params: Params,
        response: { 204: { description: 'It is gone', type: 'null' as const }, ...errors(401, 403, 404, 503) },
      },
    },
    async (request, reply) => {
      await schedules.remove(request.params.id);
      return reply.code(204).send(null as never);
    },
  );
}
