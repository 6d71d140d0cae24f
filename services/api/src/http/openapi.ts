/** OpenAPI 3.1 at /openapi.json, generated from the routes' schemas, and a page to read and try it at /docs. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { REST_COMPONENTS } from '@netverdict/contracts';
import type { Server } from '../app.ts';
import { WEBHOOKS } from './openapi-webhooks.ts';

export async function describeApi(app: Server): Promise<void> {
  for (const component of REST_COMPONENTS) app.addSchema(component);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Netverdict',
        version: '1',
        description:
          'Why does A not reach B? Diagnosis of Kubernetes networks from what the nodes are really programmed with. Errors are RFC 9457 problem details. `RateLimit` and `RateLimit-Policy` say what is left to a token; 429 has `Retry-After`.',
        license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      },
      tags: [
        { name: 'diagnoses', description: 'Ask, follow, read, repeat' },
        { name: 'batches', description: 'Up to a thousand questions in one request' },
        { name: 'schedules', description: 'A question again and again, told when its answer changes' },
        { name: 'monitoring', description: 'What the nodes saw by themselves' },
        { name: 'captures', description: 'Packets of a pod or node' },
        { name: 'ping meshes', description: 'Loss and latency between pods, nodes and addresses' },
        { name: 'webhooks', description: 'Be told, instead of asking again: docs/webhooks.md' },
        { name: 'dead letters', description: 'Messages of the bus that could not be handled' },
        { name: 'tokens', description: 'Who may do what, and what was done' },
        { name: 'health' },
      ],
      webhooks: WEBHOOKS,
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
  });
  // Served from the package's own files. The validator badge would ask a server on the internet.
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { validatorUrl: null, docExpansion: 'list', tryItOutEnabled: false },
    staticCSP: true,
    theme: { title: 'Netverdict API' },
  });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}
