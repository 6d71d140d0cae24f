/** Over real HTTP; the rate is counted in memory here, and in Redis in tokens.integration.test.ts. */
import Fastify, { type FastifyInstance } from 'fastify';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { afterEach, expect, test } from 'vitest';
import { openRequestLimiter } from '../publish/request-limiter.ts';
import type { TokenCheck } from './auth.ts';
import { EVERYWHERE } from './authority.ts';
import { type Limits, limitTokens, WINDOW_S } from './limits.ts';
import { handleError } from './problems.ts';

const apps: FastifyInstance[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

const failures: unknown[] = [];
const check: TokenCheck['check'] = (request) => ({
  tokenId: request.headers.authorization ?? '',
  name: null,
  may: 'viewer',
  scope: EVERYWHERE,
});

async function serve(change: Partial<Limits>, consume?: () => Promise<never>) {
  const limits = { requestsPerMinute: 1000, concurrentRequests: 1000, concurrentStreams: 1000, ...change };
  const app = Fastify({ forceCloseConnections: true });
  apps.push(app);
  app.setErrorHandler(handleError);
  const memory = new RateLimiterMemory({ points: limits.requestsPerMinute, duration: WINDOW_S });
  const token: TokenCheck = {
    authenticate: () => Promise.resolve(),
    check,
    view: () => {
      throw new Error('nobody asks for it');
    },
  };
  limitTokens(app, token, consume === undefined ? memory : { consume }, limits, (error) => failures.push(error));
  let answer = Promise.withResolvers<string>();
  app.get('/api/v1/quick', () => 'ok');
  app.get('/api/v1/slow', () => answer.promise);
  app.get('/api/v1/events/stream', () => answer.promise);
  app.get('/healthz', () => 'ok');
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    get: (path: string, who = 'ada', signal?: AbortSignal) =>
      fetch(`${url}${path}`, { headers: { authorization: who }, ...(signal === undefined ? {} : { signal }) }),
    answer() {
      answer.resolve('late');
      answer = Promise.withResolvers();
    },
  };
}

test('each answer says what is left of the minute, and 429 says when to come again; others are not touched', async () => {
  const { get } = await serve({ requestsPerMinute: 2 });
  const [first, second, third] = [await get('/api/v1/quick'), await get('/api/v1/quick'), await get('/api/v1/quick')];
  expect([first, second, third].map(({ status }) => status)).toEqual([200, 200, 429]);
  expect(first.headers.get('ratelimit-policy')).toBe('"token";q=2;w=60');
  expect(first.headers.get('ratelimit')).toMatch(/^"token";r=1;t=\d+$/);
  expect(third.headers.get('ratelimit')).toMatch(/^"token";r=0;t=\d+$/);
  expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await third.json()).toMatchObject({ type: 'urn:netverdict:problem:rate-limited', status: 429 });
  expect((await get('/api/v1/quick', 'bob')).status).toBe(200);
  expect((await get('/healthz')).headers.get('ratelimit')).toBeNull();
});

test('a token has so many requests under way, and its place again when one ends or its client goes', async () => {
  const { get, answer } = await serve({ concurrentRequests: 2 });
  const gone = new AbortController();
  const [waiting, left] = [get('/api/v1/slow'), get('/api/v1/slow', 'ada', gone.signal).catch(() => 'gone')];
  const busy = async (who: string): Promise<boolean> => (await get('/api/v1/quick', who)).status === 429;
  await expect.poll(() => busy('ada'), { timeout: 10_000 }).toBe(true);
  const refused = await get('/api/v1/quick');
  expect(await refused.json()).toMatchObject({ type: 'urn:netverdict:problem:too-many-requests-at-once' });
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await busy('bob')).toBe(false);
  gone.abort();
  expect(await left).toBe('gone');
  await expect.poll(() => busy('ada'), { timeout: 10_000 }).toBe(false);
  answer();
  expect((await waiting).status).toBe(200);
});

test('streams are counted by themselves', async () => {
  const { get, answer } = await serve({ concurrentStreams: 1 });
  const open = get('/api/v1/events/stream');
  const another = async (): Promise<unknown> => {
    const response = await get('/api/v1/events/stream', 'ada', AbortSignal.timeout(500)).catch(() => null);
    return response === null ? null : ((await response.json()) as { type: string }).type;
  };
  await expect.poll(another, { timeout: 10_000 }).toBe('urn:netverdict:problem:too-many-streams');
  expect((await get('/api/v1/quick')).status).toBe(200);
  answer();
  expect((await open).status).toBe(200);
});

test('what cannot be counted is let through, and said', async () => {
  const { get } = await serve({}, () => Promise.reject(new Error('no room')));
  expect((await get('/api/v1/quick')).status).toBe(200);
  expect(failures).toHaveLength(1);
});

test('while Redis is away the replica counts by itself', async () => {
  const { limiter, close } = openRequestLimiter('redis://127.0.0.1:1', 2);
  await limiter.consume('ada');
  await limiter.consume('ada');
  await expect(limiter.consume('ada')).rejects.toBeInstanceOf(RateLimiterRes);
  await limiter.consume('bob');
  close();
});
