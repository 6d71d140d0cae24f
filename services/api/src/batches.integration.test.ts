/** Batches: accepted whole, begun at their pace at any replica, counted, followed, cancelled, told; nothing twice and nothing lost. */
import type {
  AnyWebhookMessage,
  BatchFlowDocument,
  DiagnosisBatchDocument,
  DiagnosisSummary,
  Problem,
  TokenDocument,
} from '@netverdict/contracts';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RunningApi } from './service.ts';
import { readStream } from './testing/read-stream.ts';
import { type Receiver, startReceiver } from './testing/receiver.ts';
import { call, post, QUESTION, type Stack, startStack, TOKEN, until } from './testing/stack.ts';

const OPEN = 4;
let stack: Stack;
let api: RunningApi;
let other: RunningApi;
let receiver: Receiver;

beforeAll(async () => {
  stack = await startStack();
  [api, other] = await Promise.all([
    stack.startApi({ backgroundOpen: OPEN }),
    stack.startApi({ backgroundOpen: OPEN }),
  ]);
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver?.close();
  await stack?.down();
});
beforeEach(() => {
  stack.pipeline.react = () => 'answer';
});

const PATH = '/api/v1/diagnosis-batches';
const flowTo = (pod: string) => ({ source: QUESTION.source, destination: { pod, port: 80 } });
const flows = (n: number, name = 'shop/web') => Array.from({ length: n }, (_, i) => flowTo(`${name}-${i}`));

function send(body: unknown, headers: Readonly<Record<string, string>> = {}, at = api): Promise<Response> {
  const all = { 'content-type': 'application/json', ...headers };
  return call(at, PATH, { method: 'POST', headers: all, body: JSON.stringify(body) });
}
async function accepted(body: unknown, headers?: Readonly<Record<string, string>>): Promise<DiagnosisBatchDocument> {
  const response = await send(body, headers);
  expect(response.status).toBe(202);
  const document = (await response.json()) as DiagnosisBatchDocument;
  expect(response.headers.get('location')).toBe(`${PATH}/${document.id}`);
  return document;
}
const json = async <T>(path: string, at = api): Promise<T> => (await (await call(at, path)).json()) as T;
const get = (id: string, at = api) => json<DiagnosisBatchDocument>(`${PATH}/${id}`, at);
async function ended(id: string, at = api): Promise<DiagnosisBatchDocument> {
  await until(async () => (await get(id, at)).finishedAt !== null);
  return get(id, at);
}

test('each flow becomes a diagnosis of its own, no more are open at once than may be, and the counts add up', async () => {
  let most = 0;
  stack.pipeline.react = async () => {
    const { items } = await json<{ items: DiagnosisSummary[] }>('/api/v1/diagnoses?limit=200');
    most = Math.max(most, items.filter(({ finishedAt }) => finishedAt === null).length);
    return 'answer' as const;
  };
  const asked = [...flows(20), ...flows(3, 'missing/pod')];
  const batch = await accepted({ flows: asked, description: 'twenty and three' });
  expect(batch).toMatchObject({ status: 'running', flows: 23, description: 'twenty and three' });
  const done = await ended(batch.id, other);
  expect(done).toMatchObject({ status: 'completed', cancelledAt: null });
  expect(done.counts).toEqual({
    ...{ waiting: 0, running: 0, reachable: 20, unreachable: 0, undetermined: 0, failed: 3, cancelled: 0 },
    'partially-reachable': 0,
  });
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(OPEN);

  const items: BatchFlowDocument[] = [];
  for (let cursor = ''; ; ) {
    const page = await json<{ items: BatchFlowDocument[]; nextCursor: string | null }>(
      `${PATH}/${batch.id}/flows?limit=10${cursor}`,
    );
    items.push(...page.items);
    if (page.nextCursor === null) break;
    cursor = `&cursor=${page.nextCursor}`;
  }
  expect(items.map(({ flow }) => flow)).toEqual(asked.map((_, i) => i));
  expect(items.map(({ request }) => request.destination.pod)).toEqual(asked.map(({ destination }) => destination.pod));
  expect(new Set(items.map(({ diagnosisId }) => diagnosisId)).size).toBe(23);
  expect(items[22]).toMatchObject({ state: 'failed', deciding: [{ code: 'unknown-pod', hop: null }] });
  const failed = await json<{ items: BatchFlowDocument[] }>(`${PATH}/${batch.id}/flows?state=failed`);
  expect(failed.items).toHaveLength(3);
  const diagnoses = await json<{ items: DiagnosisSummary[] }>(`/api/v1/diagnoses?batch=${batch.id}&limit=100`);
  expect(new Set(diagnoses.items.map(({ id }) => id))).toEqual(new Set(items.map(({ diagnosisId }) => diagnosisId)));
});

test('the deadline of a flow counts from its own beginning, and a single question does not wait for a batch', async () => {
  // The first ones hold all the room.
  const held: string[] = [];
  stack.pipeline.react = ({ diagnosisId, request }) => {
    if (!request.destination.pod?.startsWith('shop/')) return 'answer';
    held.push(diagnosisId);
    return 'ignore';
  };
  const batch = await accepted({ flows: flows(OPEN + 2) });
  await until(() => new Set(held).size === OPEN);
  const single = await post(api, QUESTION, { prefer: 'wait=30' });
  expect([single.status, ((await single.json()) as DiagnosisSummary).outcome]).toEqual([200, 'reachable']);
  const { counts } = await get(batch.id);
  expect([counts.waiting, counts.running]).toEqual([2, OPEN]);
  // As the deadline would end them.
  const problem = { type: 'deadline-exceeded', title: 'late', detail: 'late', suggestions: [] };
  for (const id of new Set(held))
    await api.store.diagnoses.fail({ id, problem }, { deliveryId: `msg_${id}`, progress: [] });
  await until(() => new Set(held).size === OPEN + 2);
  const rows = await Promise.all([...new Set(held)].map((id) => api.store.diagnoses.getRow(id)));
  const [first, last] = [rows[0], rows.at(-1)];
  expect(last?.accepted_at.getTime()).toBeGreaterThan(first?.finished_at?.getTime() ?? Number.POSITIVE_INFINITY);
  expect(last && last.deadline_at.getTime() - last.accepted_at.getTime()).toBe(20_000);
  await call(api, `${PATH}/${batch.id}/cancel`, { method: 'POST' });
  for (const id of new Set(held))
    await api.store.diagnoses.fail({ id, problem }, { deliveryId: `msg_${id}`, progress: [] });
  expect((await ended(batch.id)).counts.failed).toBe(OPEN + 2);
});

test('a cancelled batch begins nothing more, lets end what is under way, and says so', async () => {
  const held = new Set<string>();
  stack.pipeline.react = ({ diagnosisId }) => {
    held.add(diagnosisId);
    return 'ignore';
  };
  const { id } = await accepted({ flows: flows(10) });
  await until(() => held.size === OPEN);
  const cancelled = await call(other, `${PATH}/${id}/cancel`, { method: 'POST' });
  expect(await cancelled.json()).toMatchObject({
    status: 'cancelling',
    counts: { cancelled: 10 - OPEN, running: OPEN },
  });
  const again = await call(other, `${PATH}/${id}/cancel`, { method: 'POST' });
  expect(await again.json()).toMatchObject({ status: 'cancelling', counts: { cancelled: 10 - OPEN, running: OPEN } });
  const problem = { type: 'internal', title: 'x', detail: 'x', suggestions: [] };
  for (const one of held)
    await api.store.diagnoses.fail({ id: one, problem }, { deliveryId: `msg_${one}`, progress: [] });
  expect(await ended(id)).toMatchObject({
    status: 'cancelled',
    counts: { cancelled: 10 - OPEN, failed: OPEN, waiting: 0 },
  });
  expect(held.size).toBe(OPEN);
});

test('the same idempotency key makes one batch, at any replica, and with another request it is refused', async () => {
  const headers = { 'idempotency-key': 'nightly-7' };
  const [one, two] = await Promise.all([send({ flows: flows(2) }, headers), send({ flows: flows(2) }, headers, other)]);
  const ids = await Promise.all([one, two].map(async (r) => ((await r.json()) as DiagnosisBatchDocument).id));
  expect(ids[0]).toBe(ids[1]);
  expect([one, two].map((r) => r.headers.get('idempotency-replayed')).sort()).toEqual(['true', null].sort());
  expect((await ended(ids[0] ?? '')).counts.reachable).toBe(2);
  expect((await send({ flows: flows(3) }, headers)).status).toBe(422);
});

test('of a flow that is not valid the answer names the place, and nothing is accepted', async () => {
  const refused = async (body: unknown) => {
    const response = await send(body);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      400,
      expect.stringContaining('problem+json'),
    ]);
    return ((await response.json()) as Problem).errors ?? [];
  };
  const pointers = async (body: unknown) => (await refused(body)).map(({ pointer }) => pointer);
  const bad = [
    ...flows(7),
    { source: { pod: 'cart' }, destination: { pod: 'a/b', port: 80 } },
    { ...flowTo('a/b'), x: 1 },
  ];
  expect(await pointers({ flows: bad })).toEqual(['/flows/7/source/pod', '/flows/8/x']);
  expect(
    await pointers({
      flows: [
        ...flows(2),
        { source: {}, destination: { ip: 'nowhere', port: 1 } },
        { source: 1, destination: { ip: '::1' } },
      ],
    }),
  ).toEqual(['/flows/2/source', '/flows/2/destination/ip', '/flows/3/source']);
  const many = await refused({ flows: Array.from({ length: 1000 }, () => ({ source: { pod: 'x' }, destination: 3 })) });
  expect(many).toHaveLength(50);
  expect(many.at(-1)?.detail).toMatch(/^has 1951 more faults$/);
  expect(await pointers({ flows: [] })).toEqual(['/flows']);
  expect(await pointers({ flows: flows(1001) })).toEqual(['/flows']);
  expect(await pointers({ flows: [flowTo('a/b')], callbackUrl: 'http://169.254.169.254/' })).toEqual(['/callbackUrl']);
  expect(await pointers({ flows: 'all' })).toEqual(['/flows']);
  expect((await send({ flows: flows(1), cluster: 'nowhere' })).status).toBe(422);
  const { items } = await json<{ items: DiagnosisBatchDocument[] }>(`${PATH}?limit=200`);
  expect(items.filter(({ flows: n }) => n === 1 || n > 100)).toEqual([]);
});

test('polling waits for the end, or with an ETag for a change, and says when nothing has changed', async () => {
  const held = new Set<string>();
  stack.pipeline.react = ({ diagnosisId }) => {
    held.add(diagnosisId);
    return 'ignore';
  };
  const { id } = await accepted({ flows: flows(2) });
  await until(async () => held.size === 2 && (await get(id)).counts.running === 2);
  const etag = (await call(api, `${PATH}/${id}`)).headers.get('etag') ?? '';
  const ask = (headers: Record<string, string>, at = api) => call(at, `${PATH}/${id}`, { headers });
  const unchanged = await ask({ 'if-none-match': etag, prefer: 'wait=1' }, other);
  expect([unchanged.status, await unchanged.text()]).toEqual([304, '']);
  const change = ask({ 'if-none-match': etag, prefer: 'wait=60' }, other);
  const end = ask({ prefer: 'wait=60' });
  const problem = { type: 'internal', title: 'x', detail: 'x', suggestions: [] };
  const fail = (one: string) =>
    api.store.diagnoses.fail({ id: one, problem }, { deliveryId: `msg_${one}`, progress: [] });
  const [one = '', two = ''] = held;
  await fail(one);
  expect(await (await change).json()).toMatchObject({ status: 'running', counts: { running: 1, failed: 1 } });
  await fail(two);
  expect(await (await end).json()).toMatchObject({ status: 'completed', counts: { failed: 2 } });
});

test('the live stream shows growing counts to the end, at any replica', async () => {
  const { id } = await accepted({ flows: flows(12) });
  const stream = await readStream(`${other.url}${PATH}/${id}/events`, TOKEN);
  await until(stream.ended);
  const { events } = stream;
  const documents = events.map(({ data }) => JSON.parse(data) as DiagnosisBatchDocument);
  const of = documents.map(({ counts }) => counts.reachable);
  expect(of).toEqual([...of].sort((a, b) => a - b));
  expect([events.at(-1)?.event, documents.at(-1)?.counts.reachable]).toEqual(['completed', 12]);
  expect(events.slice(0, -1).every(({ event }) => event === 'progress')).toBe(true);
});

test('its end is told to the callback and to those who asked for it, once each, with the counts', async () => {
  const url = `${receiver.url}/registered`;
  const hook = await call(api, '/api/v1/webhooks', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url, eventTypes: ['batch.completed'], filter: { namespaces: ['till'] } }),
  });
  expect(hook.status).toBe(201);
  await ended((await accepted({ flows: flows(1) })).id);
  const { id } = await accepted({ flows: flows(3, 'till/web'), callbackUrl: `${receiver.url}/callback` });
  await until(() => receiver.received.length >= 2);
  const told = receiver.received.map(({ path, message }) => [
    path,
    message.type,
    (message as AnyWebhookMessage & { data: { id: string } }).data.id,
  ]);
  expect(told.sort()).toEqual([
    ['/callback', 'batch.completed', id],
    ['/registered', 'batch.completed', id],
  ]);
  expect(receiver.received[0]?.message.data).toMatchObject({ status: 'completed', flows: 3, counts: { reachable: 3 } });
  const deliveries = await json<{ items: { batchId: string | null }[] }>(
    '/api/v1/webhook-deliveries?eventType=batch.completed',
  );
  expect(deliveries.items.map(({ batchId }) => batchId)).toEqual([id, id]);
});

test('a scoped token has its own batches only, and every flow must lie within its scope', async () => {
  const made = await call(api, '/api/v1/tokens', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ name: 'shop', role: 'operator', namespaces: ['shop', 'default'], clusters: ['default'] }),
  });
  const { token } = (await made.json()) as TokenDocument & { token: string };
  const headers = { authorization: `Bearer ${token}` };
  const theirs = await accepted({ flows: flows(1) });
  const mine = await accepted({ flows: flows(2) }, headers);
  const outside = await send(
    { flows: [...flows(2), { source: { pod: 'bank/x' }, destination: { pod: 'bank/till', port: 80 } }] },
    headers,
  );
  expect([outside.status, ((await outside.json()) as Problem).detail]).toEqual([
    403,
    expect.stringContaining('/flows/2'),
  ]);
  const status = async (path: string, init: RequestInit = {}) =>
    (await call(api, `${PATH}${path}`, { headers, ...init })).status;
  expect([await status(`/${mine.id}`), await status(`/${mine.id}/flows`)]).toEqual([200, 200]);
  for (const path of [`/${theirs.id}`, `/${theirs.id}/flows`, `/${theirs.id}/events`])
    expect(await status(path)).toBe(404);
  expect(await status(`/${theirs.id}/cancel`, { method: 'POST' })).toBe(404);
  const listed = (await (await call(api, PATH, { headers })).json()) as { items: DiagnosisBatchDocument[] };
  expect(listed.items.map(({ id }) => id)).toEqual([mine.id]);
});

test('two tokens take turns: the second does not wait for the end of the first', async () => {
  const made = await call(api, '/api/v1/tokens', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'second', role: 'operator' }),
  });
  const { token } = (await made.json()) as TokenDocument & { token: string };
  const long = await accepted({ flows: flows(200, 'long/web') });
  const short = await accepted({ flows: flows(4, 'short/web') }, { authorization: `Bearer ${token}` });
  expect((await ended(short.id)).counts.reachable).toBe(4);
  expect((await get(long.id)).finishedAt).toBeNull();
  await call(api, `${PATH}/${long.id}/cancel`, { method: 'POST' });
  await ended(long.id);
});
