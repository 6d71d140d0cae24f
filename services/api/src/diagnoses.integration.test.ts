/** The REST API on real engines: accepting, waiting, listing, following, bundling. */
import { gunzipSync } from 'node:zlib';
import type { DiagnosisDocument, DiagnosisList } from '@netverdict/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningApi } from './service.ts';
import { call, post, QUESTION, type Stack, startStack, TOKEN, until } from './testing/stack.ts';

let stack: Stack;
let api: RunningApi;
let other: RunningApi;

beforeAll(async () => {
  stack = await startStack();
  [api, other] = await Promise.all([stack.startApi(), stack.startApi()]);
});
afterAll(() => stack?.down());

const documentOf = async (response: Response): Promise<DiagnosisDocument> =>
  (await response.json()) as DiagnosisDocument;

test('a question is accepted with 202 and Location, and has its verdict soon after', async () => {
  const response = await post(api, QUESTION);
  expect(response.status).toBe(202);
  const location = response.headers.get('location') ?? '';
  const accepted = await documentOf(response);
  expect(location).toBe(`/api/v1/diagnoses/${accepted.id}`);
  expect(accepted).toMatchObject({
    status: 'accepted',
    cluster: 'default',
    request: QUESTION,
    verdict: null,
    problem: null,
  });
  const done = await documentOf(await call(api, location, { headers: { prefer: 'wait=20' } }));
  expect(done).toMatchObject({
    id: accepted.id,
    status: 'completed',
    outcome: 'reachable',
    verdict: { outcome: 'reachable', summary: { en: 'It works.' } },
    flow: { destination: { address: '10.96.0.80' } },
    collection: { nodes: [{ node: 'node-1', missing: [{ kind: 'conntrack', reason: 'permission denied' }] }] },
    timing: { resolveMs: 1, collectMs: 2, simulateMs: 3 },
  });
});

test('Prefer: wait answers with the result itself, whichever replica hears the verdict', async () => {
  for (const replica of [api, other]) {
    const response = await post(replica, QUESTION, { prefer: 'wait=20' });
    expect([response.status, response.headers.get('preference-applied')]).toEqual([200, 'wait=20']);
    expect((await documentOf(response)).verdict?.outcome).toBe('reachable');
  }
});

test('a wait that is too short ends with 202 and what is known', async () => {
  stack.pipeline.react = () => 'progress-only';
  const begin = performance.now();
  const response = await post(api, QUESTION, { prefer: 'wait=1' });
  expect(response.status).toBe(202);
  expect(performance.now() - begin).toBeGreaterThan(900);
  expect((await documentOf(response)).status).toBe('simulating');
  stack.pipeline.react = () => 'answer';
});

test('an unknown pod fails the diagnosis with a problem that names what exists', async () => {
  const response = await post(api, { ...QUESTION, destination: { pod: 'missing/x', port: 1 } }, { prefer: 'wait=20' });
  const failed = await documentOf(response);
  expect(response.status).toBe(200);
  expect(failed).toMatchObject({
    status: 'failed',
    verdict: null,
    problem: { type: 'urn:netverdict:problem:unknown-pod', suggestions: ['default/web-1'] },
  });
});

test('a verdict that comes twice changes nothing', async () => {
  stack.pipeline.react = () => 'answer-twice';
  const first = await documentOf(await post(api, QUESTION, { prefer: 'wait=20' }));
  stack.pipeline.react = () => 'answer';
  await post(api, QUESTION, { prefer: 'wait=20' });
  const again = await documentOf(await call(api, `/api/v1/diagnoses/${first.id}`));
  expect(again.finishedAt).toBe(first.finishedAt);
});

test('an idempotency key gives the same diagnosis, and refuses another request', async () => {
  const headers = { 'idempotency-key': 'order-1' };
  const first = await documentOf(await post(api, QUESTION, headers));
  const [same, elsewhere] = await Promise.all([post(api, QUESTION, headers), post(other, QUESTION, headers)]);
  expect([(await documentOf(same)).id, (await documentOf(elsewhere)).id]).toEqual([first.id, first.id]);
  expect(same.headers.get('idempotency-replayed')).toBe('true');
  const waited = await post(other, QUESTION, { ...headers, prefer: 'wait=20' });
  expect([waited.status, (await documentOf(waited)).status]).toEqual([200, 'completed']);
  const reused = await post(api, { ...QUESTION, protocol: 'udp' }, headers);
  expect([reused.status, reused.headers.get('content-type')]).toEqual([422, 'application/problem+json; charset=utf-8']);
});

test('ten at once with one key are one diagnosis', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => post(i % 2 ? api : other, QUESTION, { 'idempotency-key': 'burst' })),
  );
  expect(new Set(await Promise.all(answers.map(async (a) => (await documentOf(a)).id))).size).toBe(1);
});

test('a list is paged by cursor, newest first, and filtered', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 5; i++)
    ids.unshift(
      (await documentOf(await post(api, { ...QUESTION, source: { pod: `paging/p${i}` } }, { prefer: 'wait=20' }))).id,
    );
  const found: string[] = [];
  let cursor: string | null = '';
  let pages = 0;
  for (; cursor !== null; pages++) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page: DiagnosisList = (await (
      await call(other, `/api/v1/diagnoses?source=paging/&limit=2${query}`)
    ).json()) as DiagnosisList;
    found.push(...page.items.map((item) => item.id));
    cursor = page.nextCursor;
  }
  expect([found, pages]).toEqual([ids, 3]);
  const one = (await (
    await call(api, '/api/v1/diagnoses?source=paging/p3&status=completed&outcome=reachable')
  ).json()) as DiagnosisList;
  expect(one.items).toHaveLength(1);
  const none = (await (
    await call(api, '/api/v1/diagnoses?source=paging/&outcome=unreachable')
  ).json()) as DiagnosisList;
  expect(none).toEqual({ items: [], nextCursor: null });
  const wildcard = (await (await call(api, '/api/v1/diagnoses?source=%25')).json()) as DiagnosisList;
  expect(wildcard.items).toEqual([]);
  const later = (await (
    await call(api, `/api/v1/diagnoses?since=${new Date(Date.now() + 60_000).toISOString()}`)
  ).json()) as DiagnosisList;
  expect(later.items).toEqual([]);
});

test('the live stream tells every stage and the end, at the other replica too, and resumes where it broke', async () => {
  const gate = Promise.withResolvers<'answer'>();
  stack.pipeline.react = () => gate.promise;
  const { id } = await documentOf(await post(api, QUESTION));
  const stream = await call(other, `/api/v1/diagnoses/${id}/events`);
  expect(stream.headers.get('content-type')).toContain('text/event-stream');
  gate.resolve('answer');
  const text = await stream.text();
  stack.pipeline.react = () => 'answer';
  const events = [...text.matchAll(/^id: (\d+)\nevent: (\w+)\ndata: (.*)$/gm)].map(([, seq, event, data]) => ({
    seq: Number(seq),
    event,
    data: JSON.parse(data ?? '') as { stage?: string; status?: string; id?: string },
  }));
  const stages = events.filter((e) => e.event === 'progress').map((e) => e.data.stage);
  expect(stages).toEqual([...new Set(stages)]);
  expect(stages.length).toBeGreaterThan(0);
  expect(events.at(-1)).toMatchObject({ event: 'completed', data: { id, status: 'completed' } });
  const from = String(events[0]?.seq);
  const resumed = await (
    await call(api, `/api/v1/diagnoses/${id}/events`, { headers: { 'last-event-id': from } })
  ).text();
  expect(resumed).not.toContain(`id: ${from}\n`);
  expect(resumed).toContain('event: completed');
});

test('a rerun asks the same again and remembers whose rerun it is', async () => {
  const first = await documentOf(await post(api, QUESTION, { prefer: 'wait=20' }));
  const response = await call(other, `/api/v1/diagnoses/${first.id}/rerun`, {
    method: 'POST',
    headers: { prefer: 'wait=20' },
  });
  expect(response.status).toBe(200);
  expect(await documentOf(response)).toMatchObject({ rerunOf: first.id, request: QUESTION, status: 'completed' });
});

test('a bundle holds all that the replay needs; there is none while it runs and none without sections', async () => {
  const done = await documentOf(await post(api, QUESTION, { prefer: 'wait=20' }));
  const response = await fetch(`${api.url}/api/v1/diagnoses/${done.id}/bundle`, {
    headers: { authorization: `Bearer ${TOKEN}`, 'accept-encoding': 'identity' },
  });
  expect(response.status).toBe(200);
  const bundle = JSON.parse(await response.text()) as Record<string, unknown>;
  expect(bundle).toMatchObject({
    formatVersion: 1,
    diagnosisId: done.id,
    flow: done.flow,
    snapshotDigest: done.collection?.snapshot,
    sections: Object.fromEntries(stack.pipeline.sections),
    diagnosis: { verdict: { outcome: 'reachable' } },
  });
  const packed = await call(api, `/api/v1/diagnoses/${done.id}/bundle`, { headers: { 'accept-encoding': 'gzip' } });
  expect(packed.headers.get('content-encoding')).toBe('gzip');
  expect(((await packed.json()) as typeof bundle).diagnosisId).toBe(done.id);
  expect(() => gunzipSync(Buffer.from('no gzip'))).toThrow();

  stack.pipeline.react = () => 'progress-only';
  const running = await documentOf(await post(api, QUESTION));
  expect((await call(api, `/api/v1/diagnoses/${running.id}/bundle`)).status).toBe(409);
  stack.pipeline.react = () => 'answer';

  await stack.engines.restart('nats', { wipe: true });
  await until(async () => (await fetch(`${api.url}/readyz`)).status === 200);
  const gone = await call(api, `/api/v1/diagnoses/${done.id}/bundle`);
  expect([gone.status, ((await gone.json()) as { type: string }).type]).toEqual([
    410,
    'urn:netverdict:problem:sections-gone',
  ]);
});

test('events and agents that eventproc stored are listed', async () => {
  const at = '2030-01-01T00:00:00.000Z';
  await api.store.events.insert(
    ['a', 'b', 'c'].map((id) => ({
      id: `default/node-1/e/1/${id}`,
      cluster: 'default',
      node: 'node-1',
      netns: 4026531840,
      pod: { namespace: 'shop', name: 'cart' },
      kind: 'tcp-retransmission',
      count: 3,
      windowStart: at,
      windowEnd: at,
    })),
  );
  type Page = { items: { id: string }[]; nextCursor: string | null };
  const first = (await (await call(api, '/api/v1/events?pod=shop/cart&limit=2')).json()) as Page;
  const second = (await (
    await call(api, `/api/v1/events?pod=shop/cart&limit=2&cursor=${first.nextCursor}`)
  ).json()) as Page;
  expect([...first.items, ...second.items].map((e) => e.id.at(-1))).toEqual(['c', 'b', 'a']);
  expect(second.nextCursor).toBeNull();
  await api.store.agents.upsert([
    {
      cluster: 'default',
      node: 'node-1',
      epoch: 'e',
      version: '0.1.0',
      kernel: '6.1',
      lastSeq: 1,
      capabilities: ['collect'],
      lastSeen: new Date().toISOString(),
    },
  ]);
  expect(await (await call(api, '/api/v1/agents')).json()).toMatchObject({
    items: [{ node: 'node-1', kernel: '6.1', capabilities: ['collect'] }],
  });
});
