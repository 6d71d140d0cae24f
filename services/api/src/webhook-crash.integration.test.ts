/** No webhook is lost: the service is killed between the store and the queue and in the middle of an attempt, Redis is wiped. */
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ChildApi, startChildApi } from './testing/child-api.ts';
import { ok, type Receiver, startReceiver, status } from './testing/receiver.ts';
import { call, post, QUESTION, type Stack, startStack, until } from './testing/stack.ts';

/** A process starts, dies, and what it had claimed becomes free: half a minute, longer beside other work. */
const PATIENCE_MS = 180_000;

let stack: Stack;
let child: ChildApi;
let receiver: Receiver;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.down());
beforeEach(async () => {
  receiver = await startReceiver();
  child = await startChildApi(stack);
  await until(async () => (await fetch(`${child.url}/readyz`)).status === 200, 30_000);
});
afterEach(async () => {
  await child.kill();
  await receiver.close();
});

async function register(): Promise<void> {
  const response = await call(child, '/api/v1/webhooks', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: `${receiver.url}/registered`, eventTypes: ['diagnosis.completed'] }),
  });
  expect(response.status).toBe(201);
}
const ended = async (): Promise<string> => {
  const asked = { ...QUESTION, callbackUrl: `${receiver.url}/callback` };
  const answer = await post(child, asked, { prefer: 'wait=20' });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { id: string }).id;
};
const told = (path: string): string[] =>
  receiver.received
    .filter((received) => received.path === path)
    .map(({ message }) => ('id' in message.data ? message.data.id : ''))
    .toSorted();

test('killed after the ends were stored and before they could be queued: another replica tells them, each under one id', {
  timeout: PATIENCE_MS,
}, async () => {
  await register();
  await stack.engines.stopEngine('redis');
  const ids = [await ended(), await ended(), await ended()].toSorted();
  await child.kill();
  expect(receiver.received).toEqual([]);
  await stack.engines.startEngine('redis');
  const other = await stack.startApi();
  await until(() => receiver.received.length >= 6);
  await other.close();
  expect([told('/callback'), told('/registered')]).toEqual([ids, ids]);
  expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(6);
});

test('killed in the middle of an attempt: the attempt is made again under the same id', {
  timeout: PATIENCE_MS,
}, async () => {
  receiver.answer = () => undefined;
  const id = await ended();
  await until(() => receiver.received.length === 1);
  await child.kill();
  receiver.answer = ok;
  const other = await stack.startApi();
  await until(() => receiver.received.length === 2, 60_000);
  await until(async () => (await other.store.deliveries.ofDiagnosis(id))[0]?.state === 'delivered');
  await other.close();
  expect(new Set(receiver.received.map((received) => received.id)).size).toBe(1);
});

test('Redis wiped with everything queued: what waits for its next attempt is told all the same', {
  timeout: PATIENCE_MS,
}, async () => {
  receiver.answer = status(500);
  const id = await ended();
  await until(() => receiver.received.length === 1);
  await child.kill();
  const redis = new Redis(stack.engines.redisUrl);
  await redis.flushall();
  redis.disconnect();
  receiver.answer = ok;
  const other = await stack.startApi();
  await until(() => receiver.received.length === 2, 30_000);
  await other.close();
  expect(told('/callback')).toEqual([id, id]);
});
