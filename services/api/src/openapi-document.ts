/** Prints the OpenAPI document, without any engine: `npm run generate -w @netverdict/sdk` makes the client's types of it. */
import { pathToFileURL } from 'node:url';
import { createLog, Registry } from '@netverdict/telemetry';
import { createApp, type Dependencies } from './app.ts';
import { viewOf } from './domain/view.ts';
import { EVERYWHERE } from './http/authority.ts';

/** Nothing is called: the document comes from the schemas alone. */
const unused = new Proxy({}, { get: () => () => null });

export async function openApiDocument(): Promise<string> {
  const app = await createApp({
    ...(unused as Dependencies),
    store: unused as Dependencies['store'],
    token: {
      authenticate: () => Promise.resolve(),
      check: () => ({ tokenId: '', name: null, may: 'viewer', scope: EVERYWHERE }),
      view: () => viewOf(null, ''),
    },
    limiter: { consume: () => Promise.reject(new Error('nothing is served')) },
    limits: { requestsPerMinute: 1, concurrentRequests: 1, concurrentStreams: 1 },
    stopping: new AbortController().signal,
    metrics: new Registry(),
    log: createLog('openapi', 'silent'),
  });
  await app.ready();
  const text = JSON.stringify(app.swagger(), null, 2);
  await app.close();
  return `${text}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.stdout.write(await openApiDocument());
