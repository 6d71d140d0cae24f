/** Schedules: run once whatever happens to Redis and replicas, one run at a time, missed runs stated, changes told. */
import type {
  DiagnosisDocument,
  Problem,
  ScheduleDocument,
  ScheduleRun,
  TokenDocument,
  VerdictChangedMessage,
} from '@netverdict/contracts';
import type { ScheduleRow } from '@netverdict/store';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { backgroundDiagnosis } from './domain/background.ts';
import { dueRuns } from './domain/schedules/timing.ts';
import type { RunningApi } from './service.ts';
import { type Receiver, startReceiver } from './testing/receiver.ts';
import { call, QUESTION, type Stack, startStack, until } from './testing/stack.ts';

let stack: Stack;
let api: RunningApi;
let other: RunningApi;
let receiver: Receiver;

beforeAll(async () => {
  stack = await startStack();
  [api, other] = await Promise.all([stack.startApi(), stack.startApi()]);
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver?.close();
  await stack?.down();
});
beforeEach(() => {
  stack.pipeline.react = () => 'answer';
});

const PATH = '/api/v1/schedules';
const HOURLY = { name: 'cart to payments', request: QUESTION, cron: '0 * * * *' };

function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}, at = api) {
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const init = { method, headers: { ...type, ...headers } };
  return call(at, `${PATH}${path}`, body === undefined ? init : { ...init, body: JSON.stringify(body) });
}
async function made(change: object = {}, headers?: Record<string, string>): Promise<ScheduleDocument> {
  const response = await send('POST', '', { ...HOURLY, ...change }, headers);
  expect(response.status).toBe(201);
  return (await response.json()) as ScheduleDocument;
}
const get = async (id: string, at = api): Promise<ScheduleDocument> =>
  (await (await send('GET', `/${id}`, undefined, {}, at)).json()) as ScheduleDocument;
const runs = async (id: string, query = ''): Promise<ScheduleRun[]> =>
  ((await (await send('GET', `/${id}/runs${query}`)).json()) as { items: ScheduleRun[] }).items;
/** A run on demand, to its end. */
async function run(id: string, at = api): Promise<ScheduleRun> {
  const response = await send('POST', `/${id}/run`, undefined, {}, at);
  expect(response.status).toBe(202);
  await until(async () => (await get(id)).running === null);
  const [last] = await runs(id);
  if (last === undefined) throw new Error('there is no run');
  return last;
}
/** As if its time had come. */
const dueSince = (id: string, ms: number) => api.store.schedules.change(id, { next_due_at: new Date(Date.now() - ms) });

test('an interval begins with a run, which two replicas and their clock begin once', async () => {
  const schedule = await made({ cron: undefined, everyMs: 3_600_000 });
  expect(schedule).toMatchObject({ state: 'active', everyMs: 3_600_000, cron: null, timeZone: null, callback: false });
  await until(async () => (await get(schedule.id)).answer !== null);
  const after = await get(schedule.id, other);
  expect(after).toMatchObject({ runs: 1, missed: 0, changes: 0, answer: { outcome: 'reachable', deciding: [] } });
  // Everybody wakes at once.
  await dueSince(schedule.id, 10);
  const settings = { open: 100, deadlineMs: 20_000, republishMs: 5000 };
  const make = (row: ScheduleRow) => backgroundDiagnosis(row, { scheduleId: row.id }, settings);
  await Promise.all(
    Array.from({ length: 6 }, () => api.store.schedules.beginDue(schedule.id, { limit: 100, plan: dueRuns, make })),
  );
  await until(async () => (await get(schedule.id)).runs === 2 && (await get(schedule.id)).running === null);
  const history = await runs(schedule.id);
  expect(history.map(({ state, changed }) => [state, changed])).toEqual([
    ['completed', false],
    ['completed', false],
  ]);
  expect(Date.parse((await get(schedule.id)).nextRunAt ?? '')).toBeGreaterThan(Date.now() + 3_500_000);
});

test('the clock in Redis wakes a schedule by itself, and is made again when Redis has lost everything', async () => {
  const redis = new Redis(stack.engines.redisUrl, { maxRetriesPerRequest: 1 });
  try {
    const { id } = await made({ name: 'by the clock' });
    const clocks = async () =>
      (await redis.zrange('netverdict:schedules:repeat', '0', '-1')).filter((one) => one === id);
    await until(async () => (await clocks()).length === 1);
    // Without the clock a run is begun three seconds late.
    await api.store.schedules.change(id, { every_ms: 4000, cron: null, time_zone: null, next_due_at: new Date() });
    await until(async () =>
      (await runs(id)).some(({ dueAt, startedAt }) => Date.parse(startedAt ?? '') - Date.parse(dueAt ?? '') < 2500),
    );
    await redis.flushall();
    await until(async () => (await clocks()).length === 1);
    await send('POST', `/${id}/pause`);
    await until(async () => (await clocks()).length === 0);
    await send('POST', `/${id}/resume`);
    await until(async () => (await clocks()).length === 1);
    await send('DELETE', `/${id}`);
    await until(async () => (await clocks()).length === 0);
  } finally {
    redis.disconnect();
  }
});

test('what is due is begun also when nobody wakes it, and what was due before that is stated as missed', async () => {
  const { id } = await made({ cron: undefined, everyMs: 10_000 });
  await until(async () => (await get(id)).answer !== null);
  await send('PATCH', `/${id}`, { everyMs: 600_000 });
  await dueSince(id, 3 * 600_000 + 60_000);
  await until(async () => (await get(id)).missed > 0 && (await get(id)).running === null);
  expect(await get(id)).toMatchObject({ runs: 2, missed: 3 });
  const [run2, missed] = await runs(id);
  expect(run2).toMatchObject({ state: 'completed', missed: 0 });
  expect(missed).toMatchObject({ state: 'missed', missed: 3, startedAt: null, diagnosisId: null });
  expect(missed?.reason).toContain('not begun in time');
  const between = Date.parse(missed?.lastDueAt ?? '') - Date.parse(missed?.dueAt ?? '');
  expect(between).toBe(2 * 600_000);
  expect(Date.parse(run2?.dueAt ?? '') - Date.parse(missed?.lastDueAt ?? '')).toBe(600_000);
});

test('one run at a time: what is due meanwhile is stated as missed, and a run on demand is refused', async () => {
  stack.pipeline.react = () => 'ignore';
  const { id } = await made();
  const asked = await send('POST', `/${id}/run`);
  const { id: diagnosisId } = (await asked.json()) as DiagnosisDocument;
  expect([asked.status, asked.headers.get('location')]).toEqual([202, `/api/v1/diagnoses/${diagnosisId}`]);
  const second = await send('POST', `/${id}/run`, undefined, {}, other);
  expect([second.status, ((await second.json()) as Problem).detail]).toEqual([
    409,
    expect.stringContaining(diagnosisId),
  ]);
  await dueSince(id, 10_000);
  await until(async () => (await get(id)).missed > 0);
  const [missed] = await runs(id);
  expect([missed?.state, missed?.reason]).toEqual(['missed', 'the run before it had not ended']);
  expect((await get(id)).running).toBe(diagnosisId);
  stack.pipeline.react = () => 'answer';
  await until(async () => (await get(id)).running === null);
  expect((await get(id)).answer?.outcome).toBe('reachable');
});

test('another answer is told with what was before, the same one and a missing one are not', async () => {
  const hook = await call(api, '/api/v1/webhooks', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: `${receiver.url}/hook`, eventTypes: ['verdict.changed'] }),
  });
  expect(hook.status).toBe(201);
  const request = { source: QUESTION.source, destination: { pod: 'missing/web', port: 80 } };
  const { id } = await made({ request, callbackUrl: `${receiver.url}/callback` });
  expect((await run(id)).deciding).toEqual([{ code: 'unknown-pod', hop: null }]);
  expect((await run(id, other)).changed).toBe(false);
  // No answer at all: it is kept, counted, and changes nothing.
  stack.pipeline.react = () => 'ignore';
  const asked = (await (await send('POST', `/${id}/run`)).json()) as DiagnosisDocument;
  const problem = { type: 'deadline-exceeded', title: 'late', detail: 'late', suggestions: [] };
  await api.store.diagnoses.fail({ id: asked.id, problem }, { deliveryId: 'msg_late', progress: [] });
  expect(await get(id)).toMatchObject({ failures: 1, running: null, answer: { outcome: 'failed' } });
  expect(receiver.received).toEqual([]);
  // The pod is there.
  await api.store.diagnoses.complete(
    {
      ...{ id: (await begun(id)).id, outcome: 'unreachable', snapshotDigest: 'sha256:x', result: Buffer.from('{}') },
      ...{ timing: { resolveMs: 1, collectMs: 1, simulateMs: 1 }, deciding: [{ code: 'NV-DROP', hop: 'node-2/host' }] },
    },
    { deliveryId: 'msg_one', progress: [] },
  );
  await until(() => receiver.received.length >= 2);
  const [message] = receiver.received.map((one) => one.message as VerdictChangedMessage);
  expect(message?.type).toBe('verdict.changed');
  expect(message?.data).toMatchObject({
    schedule: id,
    before: { outcome: 'failed', deciding: [{ code: 'unknown-pod', hop: null }] },
    after: { outcome: 'unreachable', deciding: [{ code: 'NV-DROP', hop: 'node-2/host' }] },
  });
  expect(receiver.received.map(({ path }) => path).sort()).toEqual(['/callback', '/hook']);
  expect(await get(id)).toMatchObject({ changes: 1, failures: 0, answer: { outcome: 'unreachable' } });
  expect((await runs(id, '?changed=true')).map(({ outcome }) => outcome)).toEqual(['unreachable']);
  expect(await runs(id)).toHaveLength(4);
});
/** A run whose end is the test's to write. */
async function begun(id: string): Promise<DiagnosisDocument> {
  const response = await send('POST', `/${id}/run`);
  expect(response.status).toBe(202);
  return (await response.json()) as DiagnosisDocument;
}

test('it is paused, changed, resumed, listed in pages, and gone with its history', async () => {
  const { id } = await made({ name: 'first' });
  const paused = (await (await send('POST', `/${id}/pause`)).json()) as ScheduleDocument;
  expect(paused).toMatchObject({ state: 'paused', pausedReason: null, nextRunAt: null });
  await dueSince(id, 60_000);
  const berlin = { cron: '30 8 * * *', timeZone: 'Europe/Berlin', name: 'mornings' };
  expect(await (await send('PATCH', `/${id}`, berlin)).json()).toMatchObject({ ...berlin, state: 'paused' });
  const resumed = (await (await send('POST', `/${id}/resume`)).json()) as ScheduleDocument;
  expect(resumed).toMatchObject({ state: 'active', missed: 0, runs: 0 });
  expect(resumed.nextRunAt).toMatch(/T0[67]:30:00\.000Z$/);
  expect(await (await send('PATCH', `/${id}`, { everyMs: 60_000 })).json()).toMatchObject({
    ...{ everyMs: 60_000, cron: null, timeZone: null },
  });
  const etag = (await send('GET', `/${id}`)).headers.get('etag') ?? '';
  expect((await send('GET', `/${id}`, undefined, { 'if-none-match': etag })).status).toBe(304);
  const first = (await (await send('GET', '?limit=1')).json()) as { items: ScheduleDocument[]; nextCursor: string };
  expect(first.items.map((one) => one.id)).toEqual([id]);
  const next = (await (await send('GET', `?limit=1&cursor=${first.nextCursor}`)).json()) as typeof first;
  expect(next.items).toHaveLength(1);
  expect(next.items[0]?.id).not.toBe(id);
  expect((await send('DELETE', `/${id}`)).status).toBe(204);
  expect((await send('GET', `/${id}`)).status).toBe(404);
  expect((await send('GET', `/${id}/runs`)).status).toBe(404);
});

test('the same idempotency key makes one, and with another request it is refused', async () => {
  const headers = { 'idempotency-key': 'terraform-1' };
  const [one, two] = await Promise.all([made({}, headers), made({}, headers)]);
  expect(one.id).toBe(two.id);
  expect((await send('POST', '', { ...HOURLY, name: 'other' }, headers)).status).toBe(422);
});

test.each([
  ['no question', { request: undefined }, ['/request']],
  ['a bad end of the question', { request: { ...QUESTION, source: { pod: 'cart' } } }, ['/request/source/pod']],
  ['no port', { request: { source: { pod: 'a/b' }, destination: { pod: 'a/b' } } }, ['/request/destination/port']],
  ['a cluster within the question', { request: { ...QUESTION, cluster: 'x' } }, ['/request/cluster']],
  ['neither interval nor cron', { cron: undefined }, ['/everyMs']],
  ['both', { everyMs: 60_000 }, ['/cron']],
  ['too short an interval', { cron: undefined, everyMs: 10 }, ['/everyMs']],
  ['a cron of six fields', { cron: '* * * * * *' }, ['/cron']],
  ['a cron that never comes true', { cron: '0 0 31 2 *' }, ['/cron']],
  ['an unknown time zone', { timeZone: 'Mars/Olympus' }, ['/timeZone']],
  ['a callback to loopback', { callbackUrl: 'http://[::1]/' }, ['/callbackUrl']],
])('%s is refused with a pointer to it', async (_what, change, pointers) => {
  const response = await send('POST', '', { ...HOURLY, ...change });
  expect(response.status).toBe(400);
  const { errors = [] } = (await response.json()) as Problem;
  expect(errors.map(({ pointer }) => pointer)).toEqual(pointers);
});

test('a scoped token has its own only, and once it is revoked its schedules stop and say why', async () => {
  const token = await call(api, '/api/v1/tokens', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'default only', role: 'operator', namespaces: ['default'] }),
  });
  const { id: tokenId, token: secret } = (await token.json()) as TokenDocument & { token: string };
  const headers = { authorization: `Bearer ${secret}` };
  const theirs = await made();
  const mine = await made({}, headers);
  const outside = { source: { pod: 'bank/a' }, destination: { pod: 'bank/b', port: 1 } };
  expect((await send('POST', '', { ...HOURLY, request: outside }, headers)).status).toBe(403);
  const listed = (await (await send('GET', '', undefined, headers)).json()) as { items: ScheduleDocument[] };
  expect(listed.items.map(({ id }) => id)).toEqual([mine.id]);
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/runs'],
    ['POST', '/run'],
    ['POST', '/pause'],
    ['DELETE', ''],
  ] as const)
    expect((await send(method, `/${theirs.id}${path}`, undefined, headers)).status, `${method} ${path}`).toBe(404);
  expect((await call(api, `/api/v1/tokens/${tokenId}`, { method: 'DELETE' })).status).toBe(200);
  await dueSince(mine.id, 10_000);
  await until(async () => (await get(mine.id)).state === 'paused');
  expect((await get(mine.id)).pausedReason).toBe('the token that made it was revoked');
});
