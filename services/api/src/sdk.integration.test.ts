/** The SDK against the real service: ask, follow, list; typed errors; restarts in between. */
import { ConnectionError, createClient, type NetverdictClient, ProblemError } from '@netverdict/sdk';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { RunningApi } from './service.ts';
import { QUESTION, type Stack, startStack, TOKEN } from './testing/stack.ts';

let stack: Stack;
let api: RunningApi;
let client: NetverdictClient;

beforeAll(async () => {
  stack = await startStack();
  api = await stack.startApi();
  client = createClient({ baseUrl: api.url, token: TOKEN });
});
afterAll(() => stack?.down());
afterEach(() => {
  stack.pipeline.react = () => 'answer';
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test('diagnose tells each stage and returns the verdict', async () => {
  const stages: string[] = [];
  const done = await client.diagnose(QUESTION, { onProgress: (progress) => stages.push(progress.stage) });
  expect(done).toMatchObject({ status: 'completed', verdict: { outcome: 'reachable' } });
  expect(stages).toEqual(['resolving', 'collecting', 'simulating']);
});

test('an unknown pod is a diagnosis that failed, with suggestions; a bad request is a ProblemError', async () => {
  const failed = await client.diagnose({ ...QUESTION, destination: { pod: 'missing/x', port: 1 } });
  expect(failed).toMatchObject({ status: 'failed', problem: { suggestions: ['default/web-1'] } });
  const error = await client
    .diagnose({ ...QUESTION, destination: { service: 'a/b', port: 0 } })
    .catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ProblemError);
  expect(error).toMatchObject({ type: 'invalid-request', status: 400, errors: [{ pointer: '/destination/port' }] });
  await expect(client.getDiagnosis('dg_x')).rejects.toMatchObject({ type: 'unknown-diagnosis', status: 404 });
});

test('a wrong token and a server that is not there are told apart', async () => {
  await expect(createClient({ baseUrl: api.url, token: 'x' }).listAgents()).rejects.toMatchObject({ status: 401 });
  await expect(createClient({ baseUrl: 'http://127.0.0.1:1', token: 'x' }).listAgents()).rejects.toBeInstanceOf(
    ConnectionError,
  );
});

test('a list is walked page by page; reruns and bundles are there', async () => {
  for (let i = 0; i < 3; i++) await client.diagnose({ ...QUESTION, source: { pod: `walk/p${i}` } });
  const sources: unknown[] = [];
  for await (const item of client.listDiagnoses({ source: 'walk/', limit: 1 })) sources.push(item.request.source.pod);
  expect(sources).toEqual(['walk/p2', 'walk/p1', 'walk/p0']);
  const [last] = await all(client.listDiagnoses({ source: 'walk/p0' }));
  const again = await client.waitFor((await client.rerun(last?.id ?? '')).id);
  expect(again).toMatchObject({ rerunOf: last?.id, status: 'completed' });
  expect(JSON.parse(await client.bundle(again.id))).toMatchObject({ formatVersion: 1, diagnosisId: again.id });
  expect(await all(client.listEvents({ kind: 'link-drop' }))).toEqual([]);
});

test('a batch is asked, followed by its counts, and its flows are walked', async () => {
  const flows = [...Array.from({ length: 5 }, (_, i) => `batch/p${i}`), 'missing/p'].map((pod) => ({
    source: QUESTION.source,
    destination: { pod, port: 80 },
  }));
  const counted: number[] = [];
  const accepted = await client.submitBatch({ flows });
  const done = await client.waitForBatch(accepted.id, {
    onProgress: ({ counts }) => counted.push(counts.reachable + counts.failed),
  });
  expect(done).toMatchObject({ status: 'completed', counts: { reachable: 5, failed: 1 } });
  expect(counted.at(-1)).toBe(6);
  const found = await all(client.listBatchFlows(accepted.id, { limit: 2 }));
  expect(found.map(({ request }) => request.destination.pod)).toEqual(flows.map(({ destination }) => destination.pod));
  expect(await all(client.listDiagnoses({ batch: accepted.id }))).toHaveLength(6);
  await expect(client.waitForBatch('db_x')).rejects.toMatchObject({ type: 'unknown-batch', status: 404 });
});

test('following goes on over a restart of the server and of the database', async () => {
  const gate = Promise.withResolvers<'answer'>();
  stack.pipeline.react = () => gate.promise;
  const port = Number(new URL(api.url).port);
  const accepted = await client.submit(QUESTION);
  const following = client.waitFor(accepted.id);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await api.close();
  await stack.engines.restart('postgres');
  const reborn = await stack.startApi({ listen: { host: '127.0.0.1', port } });
  gate.resolve('answer');
  expect((await following).status).toBe('completed');
  expect(reborn.url).toBe(api.url);
});
