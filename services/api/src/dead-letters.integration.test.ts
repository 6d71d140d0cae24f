/** What no consumer could handle: seen, sent once more when the reason is mended, or dropped. */
import type { DeadLetterDocument, DeadLetterList, InstallationHealth } from '@netverdict/contracts';
import { Poison } from '@netverdict/messaging';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningApi } from './service.ts';
import { call, EVENTPROC_TOKEN, post, QUESTION, type Stack, startStack, until } from './testing/stack.ts';

let stack: Stack;
let api: RunningApi;
beforeAll(async () => {
  stack = await startStack();
  // Only a redelivery brings it on: the sweeper does not publish again within the test.
  api = await stack.startApi({ republishMs: 600_000, deadlineMs: 600_000 });
}, 90_000);
afterAll(() => stack?.down());

const PATH = '/api/v1/dead-letters';
async function list(query = ''): Promise<DeadLetterList> {
  const response = await call(api, `${PATH}${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as DeadLetterList;
}
/** @returns the ids of the diagnoses that died */
async function die(questions: number): Promise<string[]> {
  stack.pipeline.react = () => Promise.reject(new Poison('it is unlucky'));
  const before = (await list()).items.length;
  const ids: string[] = [];
  for (let i = 0; i < questions; i++) ids.push(((await (await post(api, QUESTION)).json()) as { id: string }).id);
  await until(async () => (await list()).items.length === before + questions);
  return ids;
}

test('a dead letter is shown with its message, and sent once more it comes to its verdict', async () => {
  const [diagnosis] = await die(1);
  const [letter] = (await list()).items;
  expect(letter).toMatchObject({
    ...{ message: 'diagnosis-requested', stream: 'DIAGNOSIS', subject: 'diagnosis.requested.default' },
    ...{ reason: 'it is unlucky', redeliverable: true },
  });
  const shown = (await (await call(api, `${PATH}/${letter?.id}`)).json()) as DeadLetterDocument;
  expect(JSON.parse(shown.content ?? '')).toMatchObject({ body: { diagnosisId: diagnosis } });

  stack.pipeline.react = () => 'answer';
  const again = await call(api, `${PATH}/${letter?.id}/redeliver`, { method: 'POST' });
  expect([again.status, await again.json()]).toMatchObject([200, { id: letter?.id, duplicate: false }]);
  await until(async () => {
    const { status } = (await (await call(api, `/api/v1/diagnoses/${diagnosis}`)).json()) as { status: string };
    return status === 'completed';
  });
  expect((await list()).items).toEqual([]);
  const twice = await call(api, `${PATH}/${letter?.id}/redeliver`, { method: 'POST' });
  expect([twice.status, await twice.json()]).toMatchObject([404, { title: 'No such dead letter' }]);
});

test('they are listed page by page, dropped one by one, and each drop is in the audit log', async () => {
  await die(3);
  const { checks } = (await (await call(api, '/api/v1/health')).json()) as InstallationHealth;
  expect(checks.find(({ name }) => name === 'dead letters')?.detail).toBe('3 messages could not be handled');
  const first = await list('?limit=2');
  const second = await list(`?limit=2&cursor=${first.nextCursor}`);
  expect([first.items.length, second.items.length, second.nextCursor]).toEqual([2, 1, null]);
  expect((await list('?stream=EVENTS')).items).toEqual([]);
  const ids = [...first.items, ...second.items].map(({ id }) => id);
  for (const id of ids) expect((await call(api, `${PATH}/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await call(api, `${PATH}/${ids[0]}`, { method: 'DELETE' })).status).toBe(404);
  expect((await list()).items).toEqual([]);
  const audit = (await (await call(api, '/api/v1/audit-log')).json()) as { items: { path: string }[] };
  expect(audit.items.map(({ path }) => path)).toContain(`${PATH}/${ids[2]}`);
});

test('only admins see them', async () => {
  const made = await call(api, '/api/v1/tokens', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'operator', role: 'operator', expiresInSeconds: 3600 }),
  });
  const { token } = (await made.json()) as { token: string };
  for (const other of [token, EVENTPROC_TOKEN]) {
    const response = await call(api, PATH, { headers: { authorization: `Bearer ${other}` } });
    expect(response.status).toBe(403);
  }
});

test('while NATS is away that is the answer', async () => {
  await stack.engines.stopEngine('nats');
  const response = await call(api, PATH);
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2']);
  await stack.engines.restart('nats');
  await until(async () => (await call(api, PATH)).status === 200);
});
