/** Packet captures: begin, follow, stop, download, remove. */
import { Readable } from 'node:stream';
import { type CaptureDocument, CaptureRequested, ref } from '@netverdict/contracts';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { CAPTURE_ID, captureDocument } from '../domain/captures.ts';
import { ProblemError } from '../http/problems.ts';
import { beforeId, pageOf } from './place.ts';
import { errors, PageQuery, text } from './schemas.ts';

const CaptureParams = Type.Object({ id: Type.String({ description: '`cap_…`' }) });
const tags = ['captures'];
const one = { description: 'The capture', ...ref<CaptureDocument>('Capture') };

export function captureRoutes(app: Server, { store, captures, token }: Dependencies): void {
  app.post(
    '/api/v1/captures',
    {
      schema: {
        operationId: 'createCapture',
        summary: 'Capture packets on a pod or node',
        description:
          'The filter is compiled on the node before anything begins; one that does not compile is refused with the message of libpcap.',
        tags,
        body: CaptureRequested,
        response: { 201: one, ...errors(400, 401, 404, 409, 413, 415, 429, 503) },
      },
    },
    async (request, reply) => {
      const row = await captures.begin(request.body, token.check(request).tokenId);
      reply.code(201).header('location', `/api/v1/captures/${row.id}`);
      return captureDocument(row);
    },
  );

  app.get(
    '/api/v1/captures',
    {
      schema: {
        operationId: 'listCaptures',
        summary: 'Captures, newest first',
        tags,
        querystring: Type.Object(
          {
            cluster: Type.Optional(text('only of this cluster')),
            state: Type.Optional(
              Type.Union([
                Type.Literal('starting'),
                Type.Literal('running'),
                Type.Literal('completed'),
                Type.Literal('failed'),
              ]),
            ),
            ...PageQuery,
          },
          { additionalProperties: false },
        ),
        response: { 200: ref<{ items: CaptureDocument[] }>('CaptureList'), ...errors(400, 401, 503) },
      },
    },
    async (request) => {
      const { cursor, limit = 50, ...filter } = request.query;
      const rows = await store.captures.list({ ...filter, ...beforeId(cursor, CAPTURE_ID), limit: limit + 1 });
      return pageOf(
        rows,
        limit,
        ({ id }) => id,
        (row) => captureDocument(row),
      );
    },
  );

  app.get(
    '/api/v1/captures/:id',
    {
      schema: {
        operationId: 'getCapture',
        summary: 'How far a capture is',
        tags,
        params: CaptureParams,
        response: { 200: one, ...errors(401, 404, 503) },
      },
    },
    async (request) => captureDocument(await captures.get(request.params.id)),
  );

  app.post(
    '/api/v1/captures/:id/stop',
    {
      schema: {
        operationId: 'stopCapture',
        summary: 'End a capture before its time; what it has stays',
        tags,
        params: CaptureParams,
        response: { 200: one, ...errors(401, 404, 503) },
      },
    },
    async (request) => captureDocument(await captures.stop(request.params.id)),
  );

  app.get(
    '/api/v1/captures/:id/packets',
    {
      schema: {
        operationId: 'getCapturePackets',
        summary: 'The packets as pcapng',
        description:
          'All files of a ring one after the other, oldest first, which is a pcapng file again. Of a capture that runs: what is stored now.',
        tags,
        params: CaptureParams,
        response: {
          200: {
            description: 'pcapng',
            content: { 'application/x-pcapng': { schema: Type.String({ format: 'binary' }) } },
          },
          ...errors(401, 404, 409, 503),
        },
      },
    },
    async (request, reply) => {
      const row = await captures.get(request.params.id);
      const { bytes, chunks } = captures.packets(row);
      if (bytes === 0)
        throw new ProblemError({
          type: 'no-packets',
          status: 409,
          title: 'There is nothing to download',
          detail:
            row.state === 'failed'
              ? `The capture failed before anything was stored: ${row.reason}.`
              : 'The capture has stored nothing yet. Try again in a moment.',
        });
      reply.header('content-type', 'application/x-pcapng');
      // A download that breaks off is known by its length.
      reply.header('content-length', bytes);
      reply.header('content-disposition', `attachment; filename="${row.id}.pcapng"`);
      return reply.send(Readable.from(chunks) as never);
    },
  );

  app.delete(
    '/api/v1/captures/:id',
    {
      schema: {
        operationId: 'deleteCapture',
        summary: 'Cancel a capture where it runs, and remove it with its packets',
        tags,
        params: CaptureParams,
        response: { 204: { description: 'It is gone', type: 'null' as const }, ...errors(401, 404, 503) },
      },
    },
    async (request, reply) => {
      await captures.remove(request.params.id);
      return reply.code(204).send(null as never);
    },
  );
}
