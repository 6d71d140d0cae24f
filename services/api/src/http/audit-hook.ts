/** Every write is in the audit log before it is carried out; its answer's status follows. */
import type { AuditQueries } from '@netverdict/store';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { TokenCheck } from './auth.ts';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Who asks, as long as the connection tells: one that has gone meanwhile has no address. To be added before any hook that waits. */
export function rememberAddresses(app: FastifyInstance): (request: FastifyRequest) => string {
  const addresses = new WeakMap<FastifyRequest, string>();
  app.addHook('onRequest', (request, _reply, done) => {
    const address: string | undefined = request.ip;
    if (address !== undefined) addresses.set(request, address);
    done();
  });
  return (request) => addresses.get(request) ?? 'gone';
}

export function auditWrites(
  app: FastifyInstance,
  token: TokenCheck,
  audit: AuditQueries,
  addressOf: (request: FastifyRequest) => string,
): void {
  const entries = new WeakMap<FastifyRequest, number>();
  app.addHook('preHandler', async (request) => {
    const [path = ''] = request.url.split('?', 1);
    if (!path.startsWith('/api/') || READS.has(request.method) || request.routeOptions.url === undefined) return;
    const { tokenId, name } = token.check(request);
    const entry = { tokenId, tokenName: name, method: request.method, path: path.slice(0, 500) };
    entries.set(request, await audit.begin({ ...entry, remoteAddress: addressOf(request), requestId: request.id }));
  });
  app.addHook('onResponse', async (request, reply) => {
    const entry = entries.get(request);
    if (entry === undefined) return;
    const location = reply.getHeader('location');
    try {
      await audit.end(entry, reply.statusCode, typeof location === 'string' ? location : null);
    } catch (err) {
      request.log.warn({ err, requestId: request.id }, 'the audit log has no status for a request');
    }
  });
}
