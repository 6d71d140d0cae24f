/** GET /api/v1/diagnoses/:id/bundle: the whole case as one document. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { makeBundle } from '../domain/bundle.ts';
import { rowOf } from './diagnoses.ts';
import { errors, IdParams } from './schemas.ts';

const pack = promisify(gzip);

export function bundleRoutes(app: Server, deps: Dependencies): void {
  app.get(
    '/api/v1/diagnoses/:id/bundle',
    {
      schema: {
        operationId: 'getBundle',
        summary: 'All that went into a verdict, to replay it offline',
        description:
          'One JSON document (format 1): request, flow, names, intended path, snapshot, the raw text of every section by digest, the verdict. Compressed when the client accepts gzip.',
        tags: ['diagnoses'],
        params: IdParams,
        response: {
          200: {
            description: 'The bundle',
            content: { 'application/json': { schema: Type.Object({}, { additionalProperties: true }) } },
          },
          ...errors(401, 404, 409, 410, 503),
        },
      },
    },
    async (request, reply) => {
      const row = await rowOf(deps, request.params.id);
      const bundle = await makeBundle(row, deps.sections(row.cluster));
      const text = JSON.stringify(bundle);
      reply.header('content-type', 'application/json; charset=utf-8');
      reply.header('content-disposition', `attachment; filename="${row.id}.netverdict.json"`);
      reply.header('vary', 'accept-encoding');
      if (!/\bgzip\b/i.test(request.headers['accept-encoding'] ?? '')) return reply.send(Buffer.from(text) as never);
      reply.header('content-encoding', 'gzip');
      return reply.send((await pack(text)) as never);
    },
  );
}
