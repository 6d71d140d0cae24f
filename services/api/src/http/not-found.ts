/** 404, or 405 with `Allow` where the path exists for other methods. Fastify itself knows only the first. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TokenCheck } from './auth.ts';
import { sendProblem } from './problems.ts';

/** Call before any route is added: it watches them being added. */
export function answerUnknownPaths(app: FastifyInstance, token: TokenCheck): void {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', (route) => {
    if (route.url.includes('*')) return;
    const source = route.url.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/:[^/]+/g, '[^/]+');
    routes.push({ pattern: new RegExp(`^${source}/?$`), methods: [route.method].flat() });
  });
  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    if (path.startsWith('/api/')) token.check(request);
    const methods = [...new Set(routes.filter((r) => r.pattern.test(path)).flatMap((r) => r.methods))];
    if (methods.length > 0 && !methods.includes(request.method))
      return sendProblem(request, reply, {
        type: 'method-not-allowed',
        status: 405,
        title: 'This path has no such method',
        detail: `${request.method} is not possible here; ${methods.join(', ')} ${methods.length === 1 ? 'is' : 'are'}.`,
        headers: { allow: methods.join(', ') },
      });
    return sendProblem(request, reply, {
      type: 'not-found',
      status: 404,
      title: 'There is nothing here',
      detail: `No resource has the path ${path}. /docs shows what there is.`,
    });
  });
}
