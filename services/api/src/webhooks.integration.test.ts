/** Registered webhooks against real receivers: who is told, how often, how long it is tried, and where it may not go. */
import type { DeliveryDocument, IncidentWebhookMessage, WebhookDocument } from '@netverdict/contracts';
import { verifyWebhook } from '@netverdict/sdk';
import type { Incident } from '@netverdict/store';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RunningApi } from './service.ts';
import { type Receiver, startReceiver, status, verifyAll } from './testing/receiver.ts';
import { call, post, QUESTION, type Stack, startStack, until } from './testing/stack.ts';

let stack: Stack;
let api: RunningApi;
let receiver: Receiver;

beforeAll(async () => {
  stack = await startStack();
  // Two replicas, as in an installation.
  [api] = await Promise.all([stack.startApi(), stack.startApi()]);
});
afterAll(() => stack?.down());
const registered: string[] = [];
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  for (const id of registered.splice(0)) await send('DELETE', `/webhooks/${id}`);
  await receiver.close();
});

function send(method: string, path: string, body?: unknown): Promise<Response> {
  const content =
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  return call(api, `/api/v1${path}`, { method, ...content });
}
async function sent<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await send(method, path, body);
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
async function register(change: object = {}): Promise<WebhookDocument & { secret: string }> {
  const asked = { url: `${receiver.url}/hook`, eventTypes: ['diagnosis.completed', 'diagnosis.failed'], ...change };
  const webhook = await sent<WebhookDocument & { secret: string }>('POST', '/webhooks', asked);
  registered.push(webhook.id);
  return webhook;
}
const webhook = (id: string): Promise<WebhookDocument> => sent('GET', `/webhooks/${id}`);
const deliveriesOf = async (id: string, query = ''): Promise<DeliveryDocument[]> =>
  (await sent<{ items: DeliveryDocument[] }>('GET', `/webhook-deliveries?webhook=${id}&limit=200${query}`)).items;
const delivery = (id: string): Promise<DeliveryDocument> => sent('GET', `/webhook-deliveries/${id}`);
async function diagnose(question: object = QUESTION): Promise<string> {
  return ((await (await post(api, question, { prefer: 'wait=20' })).json()) as { id: string }).id;
}
const idsOf = (): string[] => receiver.received.map(({ id }) => id);

test('a webhook is registered, shown without its secret, changed and removed', async () => {
  const { id, secret } = await register({ description: 'for the pipeline', filter: { namespaces: ['shop'] } });
  expect(secret).toMatch(/^whsec_/);
  expect(await webhook(id)).toMatchObject({ enabled: true, filter: { namespaces: ['shop'] }, failures: 0 });
  expect(await webhook(id)).not.toHaveProperty('secret');
  const changed = await sent('PATCH', `/webhooks/${id}`, {
    eventTypes: ['incident.opened'],
    enabled: false,
    filter: {},
  });
  expect(changed).toMatchObject({
    eventTypes: ['incident.opened'],
    enabled: false,
    filter: {},
    description: 'for the pipeline',
  });
  const { items } = await sent<{ items: WebhookDocument[] }>('GET', '/webhooks?limit=1');
  expect(items.map((one) => one.id)).toEqual([id]);
  expect((await send('DELETE', `/webhooks/${id}`)).status).toBe(204);
  expect((await send('GET', `/webhooks/${id}`)).status).toBe(404);
});

test.each([
  [{ url: 'http://169.254.169.254/' }, '/url'],
  [{ url: 'http://93.184.216.34/' }, '/url'],
  [{ url: 'https://10.0.0.1/' }, '/url'],
  [{ eventTypes: ['diagnosis.began'] }, '/eventTypes/0'],
  [{ eventTypes: [] }, '/eventTypes'],
  [{ filter: { namespace: ['shop'] } }, '/filter/namespace'],
  [{ concurrency: 0 }, '/concurrency'],
])('%j is refused with a pointer to it', async (change, pointer) => {
  const refused = await send('POST', '/webhooks', {
    url: receiver.url,
    eventTypes: ['diagnosis.completed'],
    ...change,
  });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ errors: [{ pointer }] });
});

test('the end of a diagnosis is told once to each who wants it, signed with its own secret, and logged', async () => {
  const one = await register();
  const failures = await register({ url: `${receiver.url}/failures`, eventTypes: ['diagnosis.failed'] });
  const id = await diagnose();
  const missing = await diagnose({ ...QUESTION, destination: { pod: 'missing/x', port: 1 } });
  await until(() => receiver.received.length === 3);
  const of = (path: string) => receiver.received.filter((received) => received.path === path);
  expect(of('/hook').map(({ message }) => [message.type, 'id' in message.data && message.data.id])).toEqual(
    expect.arrayContaining([
      ['diagnosis.completed', id],
      ['diagnosis.failed', missing],
    ]),
  );
  expect(of('/failures').map(({ message }) => message.type)).toEqual(['diagnosis.failed']);
  for (const { headers, body } of of('/hook')) await verifyWebhook(one.secret, headers, body);
  for (const { headers, body } of of('/failures')) {
    await verifyWebhook(failures.secret, headers, body);
    await expect(verifyWebhook(one.secret, headers, body)).rejects.toThrow();
  }
  await until(async () => (await deliveriesOf(one.id, '&state=delivered')).length === 2);
  const [last] = await deliveriesOf(one.id);
  expect(await delivery(last?.id ?? '')).toMatchObject({
    attempts: 1,
    lastStatus: 204,
    log: [{ status: 204, error: null, durationMs: expect.any(Number) }],
  });
});

test('filters hold back what was not asked for', async () => {
  await register({ url: `${receiver.url}/shop`, filter: { namespaces: ['shop'] } });
  await register({ url: `${receiver.url}/other-cluster`, filter: { clusters: ['other'] } });
  await register({ url: `${receiver.url}/bad`, filter: { outcomes: ['unreachable'] } });
  const all = await register({ url: `${receiver.url}/all` });
  await diagnose();
  await diagnose({ ...QUESTION, source: { workload: 'deployment/shop/cart' } });
  await until(async () => (await deliveriesOf(all.id, '&state=delivered')).length === 2);
  await until(() => receiver.received.length >= 3);
  expect(receiver.received.map(({ path }) => path).toSorted()).toEqual(['/all', '/all', '/shop']);
});

const incident = (change: Partial<Incident> = {}): Incident => ({
  id: `inc_${crypto.randomUUID()}`,
  cluster: 'default',
  key: crypto.randomUUID(),
  current: true,
  cause: null,
  causeEndedAt: null,
  kind: 'packet-drop',
  workload: 'deployment/shop/cart',
  peer: 'service/shop/db',
  direction: 'out',
  reason: 'NETFILTER_DROP',
  function: null,
  hook: null,
  probe: null,
  severity: 'warning',
  state: 'open',
  stateSince: new Date().toISOString(),
  openedAt: new Date().toISOString(),
  resolvedAt: null,
  reopened: 0,
  count: 1,
  estimated: 0,
  events: 1,
  bytes: 0,
  firstSeen: new Date().toISOString(),
  lastSeen: new Date().toISOString(),
  nodes: ['node-1'],
  pods: ['shop/cart-1'],
  samples: [],
  peers: 1,
  peersSketch: new Uint8Array([1, 2, 3]),
  ...change,
});

test('incidents are told as they were when they opened, grew graver and were resolved; a rising count is not told', async () => {
  const { id, secret } = await register({ eventTypes: ['incident.opened', 'incident.changed', 'incident.resolved'] });
  await register({
    url: `${receiver.url}/critical`,
    eventTypes: ['incident.changed'],
    filter: { severities: ['critical'] },
  });
  await register({ url: `${receiver.url}/bank`, eventTypes: ['incident.opened'], filter: { namespaces: ['bank'] } });
  const first = incident();
  const write = (change: Partial<Incident>): Promise<void> => api.store.incidents.write([{ ...first, ...change }]);
  await write({});
  await write({ count: 2 });
  await write({ count: 3, severity: 'critical' });
  await write({ count: 3, severity: 'critical', state: 'resolved', resolvedAt: new Date().toISOString() });
  await write({ count: 4, severity: 'critical', state: 'open', reopened: 1 });
  await until(async () => (await deliveriesOf(id, '&state=delivered')).length === 4);
  await until(() => receiver.received.length === 5);
  const told = receiver.received
    .filter(({ path }) => path === '/hook')
    .map(({ message }) => message as IncidentWebhookMessage);
  const short = told.map(({ type, data }) => [type, data.severity, data.state, data.count]);
  expect(short).toHaveLength(4);
  expect(short).toEqual(
    expect.arrayContaining([
      ['incident.opened', 'warning', 'open', 1],
      ['incident.changed', 'critical', 'open', 3],
      ['incident.resolved', 'critical', 'resolved', 3],
      ['incident.opened', 'critical', 'open', 4],
    ]),
  );
  expect(told[0]?.data).toMatchObject({ id: first.id, pods: ['shop/cart-1'], openedAt: first.openedAt });
  expect(told[0]?.data).not.toHaveProperty('peersSketch');
  expect(receiver.received.filter(({ path }) => path !== '/hook').map(({ path }) => path)).toEqual(['/critical']);
  for (const { headers, body, path } of receiver.received)
    if (path === '/hook') await verifyWebhook(secret, headers, body);
});

test('an incident whose transaction is taken back is told to nobody', async () => {
  const { id } = await register({ eventTypes: ['incident.opened'] });
  const failing = api.store.together(async (tx) => {
    await tx.incidents.write([incident()]);
    throw new Error('taken back');
  });
  await expect(failing).rejects.toThrow('taken back');
  await api.store.incidents.write([incident({ workload: 'deployment/shop/told' })]);
  await until(async () => (await deliveriesOf(id, '&state=delivered')).length === 1);
  expect(receiver.received.map(({ message }) => (message as IncidentWebhookMessage).data.workload)).toEqual([
    'deployment/shop/told',
  ]);
});

test('ping tries the receiver once and says how it went', async () => {
  const { id, secret } = await register();
  const good = await sent<DeliveryDocument>('POST', `/webhooks/${id}/ping`);
  expect(good).toMatchObject({ state: 'delivered', lastStatus: 204, eventType: 'webhook.ping', attempts: 1 });
  expect(receiver.received[0]?.message).toMatchObject({ type: 'webhook.ping', data: { webhook: id } });
  await verifyAll(receiver, secret);
  receiver.answer = status(500);
  const bad = await sent<DeliveryDocument>('POST', `/webhooks/${id}/ping`);
  expect(bad).toMatchObject({ state: 'failed', lastStatus: 500, log: [{ error: 'the receiver answered 500' }] });
  expect(receiver.received).toHaveLength(2);
});

test('after a rotation both secrets sign, and after the overlap the new one alone', async () => {
  const { id, secret: old } = await register();
  const { secret: now } = await sent<{ secret: string }>('POST', `/webhooks/${id}/rotate`, { overlapSeconds: 2 });
  expect(now).not.toBe(old);
  const overlapped = performance.now() + 2000;
  await sent('POST', `/webhooks/${id}/ping`);
  await verifyAll(receiver, now);
  if (performance.now() < overlapped) await verifyAll(receiver, old);
  await until(() => performance.now() > overlapped + 200);
  receiver.received.length = 0;
  await sent('POST', `/webhooks/${id}/ping`);
  await verifyAll(receiver, now);
  await expect(verifyAll(receiver, old)).rejects.toThrow('no signature is right');
});

test('500 is tried again under the same id; what never works becomes a dead letter, and goes out again when asked', async () => {
  const { id } = await register();
  receiver.answer = status(500);
  await diagnose();
  await until(async () => (await deliveriesOf(id, '&state=failed')).length === 1);
  expect(receiver.received).toHaveLength(4);
  const [dead] = await deliveriesOf(id);
  expect((await delivery(dead?.id ?? '')).log?.map((attempt) => attempt.status)).toEqual([500, 500, 500, 500]);
  let once = true;
  receiver.answer = (received, response) => {
    status(once ? 500 : 200)(received, response);
    once = false;
  };
  expect(await sent('POST', `/webhooks/${id}/redeliver`, {})).toEqual({ redelivered: 1 });
  await until(async () => (await deliveriesOf(id, '&state=delivered')).length === 1);
  expect(new Set(idsOf())).toEqual(new Set([dead?.id]));
  expect(receiver.received).toHaveLength(6);
  expect((await send('POST', `/webhook-deliveries/${dead?.id}/redeliver`)).status).toBe(202);
  await until(() => receiver.received.length === 7);
  expect((await send('POST', '/webhook-deliveries/msg_none/redeliver')).status).toBe(404);
});

test('429 with Retry-After: nothing goes there before', async () => {
  const { id } = await register();
  receiver.answer = (received, response) => {
    status(receiver.received.length === 1 ? 429 : 200, { 'retry-after': '2' })(received, response);
  };
  await diagnose();
  await until(() => receiver.received.length === 1);
  await until(async () => (await webhook(id)).pausedUntil !== null);
  await diagnose();
  await until(() => receiver.received.length === 3);
  const [first, second] = receiver.received;
  // The database's clock rounds, and may be asked a moment earlier.
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(1900);
});

test('410 switches the webhook off: what waits dies, nothing more is recorded, until it is switched on again', async () => {
  const { id } = await register();
  receiver.answer = status(410);
  await diagnose();
  await until(async () => !(await webhook(id)).enabled);
  expect(await webhook(id)).toMatchObject({ disabledReason: 'the receiver answered 410 Gone' });
  await diagnose();
  expect(await deliveriesOf(id)).toHaveLength(1);
  expect((await deliveriesOf(id))[0]).toMatchObject({ state: 'failed', attempts: 1, lastStatus: 410 });
  receiver.answer = status(200);
  expect(await sent('PATCH', `/webhooks/${id}`, { enabled: true })).toMatchObject({
    enabled: true,
    disabledReason: null,
  });
  await sent('POST', `/webhooks/${id}/redeliver`, {});
  await until(async () => (await deliveriesOf(id, '&state=delivered')).length === 1);
});

test('a redirect is not followed', async () => {
  const target = await startReceiver();
  const { id } = await register();
  receiver.answer = status(307, { location: `${target.url}/secret` });
  const tried = await sent<DeliveryDocument>('POST', `/webhooks/${id}/ping`);
  expect(tried).toMatchObject({ state: 'failed', lastStatus: 307 });
  expect(target.received).toEqual([]);
  await target.close();
});

test('a receiver that hangs is given up after the time limit and tried again', async () => {
  const { id } = await register();
  receiver.answer = (received, response) => {
    if (receiver.received.length > 1) status(200)(received, response);
  };
  await diagnose();
  await until(async () => (await deliveriesOf(id, '&state=delivered')).length === 1);
  const [done] = await deliveriesOf(id);
  expect((await delivery(done?.id ?? '')).log).toMatchObject([
    { status: 200 },
    { status: null, error: 'no answer within 3 s' },
  ]);
});

test('an answer without end is not read', async () => {
  const { id } = await register();
  let written = 0;
  let closed = false;
  receiver.answer = (_, response) => {
    const more = (): void => {
      while (!closed && response.write(Buffer.alloc(65_536))) written += 65_536;
    };
    response.on('drain', more).on('close', () => {
      closed = true;
    });
    response.writeHead(200);
    more();
  };
  const tried = await sent<DeliveryDocument>('POST', `/webhooks/${id}/ping`);
  expect(tried).toMatchObject({ state: 'delivered', lastStatus: 200 });
  await until(() => closed);
  expect(written).toBeLessThan(16 * 1024 * 1024);
});

test('a slow receiver gets no more at once than it takes, over two replicas, and each once', async () => {
  const { id } = await register({ eventTypes: ['incident.opened'], concurrency: 2 });
  receiver.answer = (received, response) => void setTimeout(() => status(200)(received, response), 60);
  await Promise.all(Array.from({ length: 30 }, () => api.store.incidents.write([incident()])));
  await until(async () => (await deliveriesOf(id, '&state=delivered')).length === 30, 30_000);
  expect(receiver.crowd()).toBeLessThanOrEqual(2);
  expect(idsOf()).toHaveLength(30);
  expect(new Set(idsOf()).size).toBe(30);
});

test('after five failures in a row the circuit opens: one delivery at a time tries again, and an answer lets all through', async () => {
  const { id } = await register({ eventTypes: ['incident.opened'], concurrency: 8 });
  receiver.answer = status(503);
  await Promise.all(Array.from({ length: 20 }, () => api.store.incidents.write([incident()])));
  await until(async () => (await webhook(id)).failures >= 6);
  const { pausedUntil, failures } = await webhook(id);
  expect(failures).toBeGreaterThanOrEqual(6);
  // Without the circuit all 20 would have been tried four times within a second.
  expect(receiver.received.length).toBeLessThan(20);
  expect(pausedUntil === null || Date.parse(pausedUntil) > Date.now() - 2000).toBe(true);
  receiver.answer = status(200);
  await until(async () => (await deliveriesOf(id, '&state=delivered')).length === 20, 30_000);
  expect(await webhook(id)).toMatchObject({ failures: 0, pausedUntil: null });
});
