/** /healthz: the process answers. /readyz: so does what it needs. /metrics: for Prometheus, numbers and routes. None wants a token. */
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';

const Status = Type.Object({ status: Type.String(), failing: Type.Optional(Type.Array(Type.String())) });

export function healthRoutes(app: Server, deps: Dependencies): void {
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    // Not JSON: past the serializer of documents.
    return reply
      .type(deps.metrics.contentType)
      .serializer(String)
      .send(await deps.metrics.metrics());
  });

  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'healthz',
        summary: 'The process answers',
        tags: ['health'],
        security: [],
        response: { 200: Status },
      },
    },
    () => ({ status: 'ok' }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'readyz',
        summary: 'What the service needs answers; what does not is named',
        tags: ['health'],
        security: [],
        response: { 200: Status, 503: Status },
      },
    },
    async (_request, reply) => {
      const failing = await deps.unready();
      return failing.length === 0
        ? { status: 'ready' }
        : reply.code(503).send({ status: 'not ready', failing: [...failing] });
    },
  );
}
