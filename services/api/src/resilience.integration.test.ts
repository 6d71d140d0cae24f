/** Nothing accepted is lost: engines restart, lose their data or are away; services die in the middle. */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DiagnosisDocument, WebhookMessage } from '@netverdict/contracts';
import { openPool } from '@netverdict/embedded';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { RunningApi } from './service.ts';
import { verdictFor } from './testing/pipeline.ts';
import { call, post, QUESTION, SECRET, type Stack, startStack, until } from './testing/stack.ts';

let stack: Stack;
let api: RunningApi;
let other: RunningApi;

beforeAll(async () => {
  stack = await startStack();
  [api, other] = await Promise.all([stack.startApi({ republishMs: 300 }), stack.startApi({ republishMs: 300 })]);
});
afterAll(() => stack?.down());
afterEach(() => {
  stack.pipeline.react = () => 'answer';
  stack.pipeline.seen.length = 0;
});

const documentOf = async (response: Response): Promise<DiagnosisDocument> =>
  (await response.json()) as DiagnosisDocument;
const get = async (id: string): Promise<DiagnosisDocument> => documentOf(await call(api, `/api/v1/diagnoses/${id}`));
const attemptsOf = (id: string): number[] =>
  stack.pipeline.seen.filter((r) => r.diagnosisId === id).map((r) => r.attempt);

test('a request whose service died is asked again with the next attempt, and finishes', async () => {
  stack.pipeline.react = (requested) => (requested.attempt < 3 ? 'ignore' : 'answer');
  const done = await documentOf(await post(api, QUESTION, { prefer: 'wait=20' }));
  expect(done).toMatchObject({ status: 'completed', attempt: 3 });
  expect(attemptsOf(done.id)).toEqual([1, 2, 3]);
});

test('the waits between attempts grow, and two replicas do not ask twice', async () => {
  const at: number[] = [];
  stack.pipeline.react = () => {
    at.push(performance.now());
    return at.length < 4 ? 'ignore' : 'answer';
  };
  await post(api, QUESTION, { prefer: 'wait=20' });
  const [first = 0, , , last = 0] = at;
  expect(at).toHaveLength(4);
  // Three of the first wait would be 900 ms; a single one may be heard late by any amount.
  expect(last - first).toBeGreaterThan(1300);
});

test('what has no answer by its deadline fails with the reason, and a late verdict changes nothing', async () => {
  stack.pipeline.react = () => 'ignore';
  const hasty = await stack.startApi({ deadlineMs: 1000, republishMs: 10_000 });
  const failed = await documentOf(await post(hasty, QUESTION, { prefer: 'wait=20' }));
  expect(failed).toMatchObject({
    status: 'failed',
    problem: {
      type: 'urn:netverdict:problem:deadline-exceeded',
      title: 'There was no answer within 1 s',
      detail: expect.stringContaining('No topology service of cluster "default" took it up'),
    },
  });
  const requested = { diagnosisId: failed.id, attempt: 1, request: QUESTION, deadlineAt: failed.deadlineAt };
  await stack.pipeline.simulator.publish('verdict', 'default', verdictFor(requested, 'default'), {
    id: `${failed.id}/late`,
  });
  await post(api, QUESTION);
  await until(async () => (await get(failed.id)).status === 'failed');
});

test('NATS with all its data lost: what was under way is asked again', async () => {
  let broken = true;
  stack.pipeline.react = () => (broken ? 'ignore' : 'answer');
  const accepted = await documentOf(await post(api, QUESTION));
  await until(() => attemptsOf(accepted.id).length > 0);
  broken = false;
  await stack.engines.restart('nats', { signal: 'SIGKILL', wipe: true });
  await until(async () => (await get(accepted.id)).status === 'completed');
});

test('while NATS is away questions are accepted, and answered when it is back', async () => {
  await stack.engines.stopEngine('nats');
  const response = await post(api, QUESTION);
  expect(response.status).toBe(202);
  const { id } = await documentOf(response);
  await stack.engines.startEngine('nats');
  await until(async () => (await get(id)).status === 'completed');
});

test('PostgreSQL away is 503 with Retry-After and nothing accepted; after its restart all goes on', async () => {
  const gate = Promise.withResolvers<'answer'>();
  stack.pipeline.react = () => gate.promise;
  const accepted = await documentOf(await post(api, QUESTION));
  const stream = await call(other, `/api/v1/diagnoses/${accepted.id}/events`);
  await until(() => attemptsOf(accepted.id).length > 0);
  await stack.engines.stopEngine('postgres');
  const refused = await post(api, QUESTION);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
  expect(await refused.json()).toMatchObject({ type: 'urn:netverdict:problem:unavailable' });
  expect((await fetch(`${api.url}/readyz`)).status).toBe(503);
  gate.resolve('answer');
  await stack.engines.startEngine('postgres');
  await until(async () => (await get(accepted.id)).status === 'completed');
  expect(await stream.text()).toContain('event: completed');
});

test('a service that starts before its engines waits for them, and takes up what was accepted', async () => {
  await stack.engines.stopEngine('nats');
  const { id } = await documentOf(await post(api, QUESTION));
  await stack.engines.stopEngine('postgres');
  const starting = stack.startApi({ republishMs: 300 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await stack.engines.startEngine('postgres');
  await stack.engines.startEngine('nats');
  const late = await starting;
  await until(async () => (await call(late, `/api/v1/diagnoses/${id}`)).status === 200);
  await until(async () => (await get(id)).status === 'completed');
});

interface Received {
  readonly message: WebhookMessage;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

/** A receiver that answers with the statuses given, then with 200; what is to come LATER it puts off for an hour. */
const LATER = 409;
async function receiver(statuses: number[]): Promise<{ url: string; received: Received[]; server: Server }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      received.push({ body, message: JSON.parse(body) as WebhookMessage, headers: request.headers });
      const status = statuses.shift() ?? 200;
      const putOff = status === LATER ? { 'retry-after': '3600' } : {};
      response.writeHead(status, { location: 'http://127.0.0.1:1/', ...putOff }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received, server };
}

test('the end is told to the callback, signed; a failed or redirected attempt is repeated', async () => {
  const { url, received, server } = await receiver([500, 302]);
  const done = await documentOf(await post(api, { ...QUESTION, callbackUrl: url }, { prefer: 'wait=20' }));
  await until(() => received.length === 3);
  server.close();
  expect(new Set(received.map((r) => r.headers['webhook-id'])).size).toBe(1);
  for (const { headers, body, message } of received) {
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', SECRET).update(signed).digest('base64')}`);
    expect(message).toMatchObject({
      type: 'diagnosis.completed',
      data: { id: done.id, verdict: { outcome: 'reachable' } },
    });
  }
  await until(async () => (await api.store.deliveries.ofDiagnosis(done.id))[0]?.state === 'delivered');
  expect((await api.store.deliveries.ofDiagnosis(done.id))[0]).toMatchObject({ attempts: 3, last_status: 200 });
});

test('a callback that never works is given up and written down', async () => {
  const { url, received, server } = await receiver([500, 500, 500, 500, 500]);
  const done = await documentOf(await post(api, { ...QUESTION, callbackUrl: url }, { prefer: 'wait=20' }));
  await until(async () => (await api.store.deliveries.ofDiagnosis(done.id))[0]?.state === 'failed');
  server.close();
  expect(received).toHaveLength(4);
});

test('Redis that loses everything, or is away, delays callbacks only', async () => {
  const { url, received, server } = await receiver([LATER]);
  const done = await documentOf(await post(api, { ...QUESTION, callbackUrl: url }, { prefer: 'wait=20' }));
  const redis = new Redis(stack.engines.redisUrl);
  // The retry lies in the queue: with it gone, only the row knows.
  await until(async () => (await redis.keys('*-1')).length > 0);
  expect(received).toHaveLength(1);
  await redis.flushall();
  redis.disconnect();
  const database = openPool(stack.engines.databaseUrl, 1);
  await database.query('update webhook_deliveries set next_attempt_at = now() where diagnosis_id = $1', [done.id]);
  await database.end();
  await until(() => received.length === 2);
  await stack.engines.stopEngine('redis');
  const meanwhile = await post(api, { ...QUESTION, callbackUrl: url }, { prefer: 'wait=20' });
  expect(meanwhile.status).toBe(200);
  await stack.startApi();
  await stack.engines.startEngine('redis');
  await until(() => received.length === 3);
  server.close();
  expect(new Set(received.map((r) => r.message.data.id))).toEqual(new Set([done.id, (await documentOf(meanwhile)).id]));
});

test('webhooks that wait for each other take nothing from who asks: questions are accepted and answered', {
  timeout: 240_000,
}, async () => {
  const [holding, setting] = [openPool(stack.engines.databaseUrl, 1), openPool(stack.engines.databaseUrl, 1)];
  // More receivers than the service has connections; nobody listens at any of them.
  const ports = Array.from({ length: 30 }, (_, i) => i + 1);
  const ended = ports.map((port) =>
    post(api, { ...QUESTION, callbackUrl: `http://127.0.0.1:${port}/hook` }, { prefer: 'wait=20' }),
  );
  const ids = await Promise.all(ended.map(async (response) => (await documentOf(await response)).id));
  const failed = 'select count(*)::int as n from webhook_deliveries where diagnosis_id = any($1) and state = $2';
  const count = async (state: string): Promise<number> => (await setting.query(failed, [ids, state])).rows[0]?.n;
  await until(async () => (await count('failed')) === ids.length);
  await setting.query('update webhook_endpoints set failures = 0, open_until = null');
  const lock = await holding.connect();
  await lock.query('begin');
  await lock.query('select key from webhook_endpoints for update');
  await setting.query(
    `update webhook_deliveries set state = 'pending', attempts_before = attempts, next_attempt_at = now(), finished_at = null,
       claimed_until = null, give_up_at = now() + interval '1 day' where diagnosis_id = any($1)`,
    [ids],
  );
  const waiting = `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and query like '%webhook_endpoints%'`;
  await until(async () => (await setting.query(waiting)).rows[0]?.n >= 4);
  const statuses = await Promise.all(
    [api, other, api, other].map(async (each) => (await post(each, QUESTION, { prefer: 'wait=20' })).status),
  );
  expect(statuses).toEqual([200, 200, 200, 200]);
  await lock.query('rollback');
  lock.release();
  await until(async () => (await count('failed')) === ids.length);
  await Promise.all([holding.end(), setting.end()]);
});
