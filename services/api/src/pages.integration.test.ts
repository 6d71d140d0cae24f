/** Lists come in pages: every one that grows has a cursor, and refuses what is none of its own. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newDiagnosisId } from './domain/accept.ts';
import type { RunningApi } from './service.ts';
import { call, type Stack, startStack } from './testing/stack.ts';

let stack: Stack;
let api: RunningApi;

beforeAll(async () => {
  stack = await startStack();
  api = await stack.startApi();
});
afterAll(() => stack?.down());

interface Page {
  readonly items: readonly { readonly id: string }[];
  readonly nextCursor: string | null;
}

async function pagesOf(path: string): Promise<string[][]> {
  const pages: string[][] = [];
  for (let cursor = ''; ; ) {
    const response = await call(api, `/api/v1/${path}?limit=2${cursor}`);
    expect(response.status).toBe(200);
    const { items, nextCursor } = (await response.json()) as Page;
    pages.push(items.map(({ id }) => id));
    if (nextCursor === null || pages.length > 5) return pages;
    cursor = `&cursor=${nextCursor}`;
  }
}

/** Five, and what the list should be: newest first. */
async function five(add: (id: string) => Promise<unknown>, prefix: string): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) {
    const id = newDiagnosisId().replace('dg_', prefix);
    await add(id);
    ids.unshift(id);
  }
  return ids;
}
const inPages = (ids: readonly string[]): string[][] => [[...ids.slice(0, 2)], [...ids.slice(2, 4)], [...ids.slice(4)]];

test('tokens are paged, newest first, each of them once', async () => {
  const own = { name: 'somebody', role: 'viewer', clusters: null, namespaces: null, createdBy: 'x' } as const;
  const ids = await five((id) => api.store.tokens.add({ ...own, id, hash: id, expiresInMs: 60_000 }), 'tok_');
  expect(await pagesOf('tokens')).toEqual(inPages(ids));
});

test('ping meshes are paged, newest first, each of them once', async () => {
  const request = { ends: [{ node: 'a' }, { node: 'b' }] };
  const ids = await five((id) => api.store.pingMeshes.add({ id, cluster: 'default', request, tokenId: 'x' }), 'pm_');
  expect(await pagesOf('ping-meshes')).toEqual(inPages(ids));
});

const encoded = (...parts: readonly unknown[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url');

const LISTS = [
  'diagnoses',
  'diagnosis-batches',
  'schedules',
  'captures',
  'ping-meshes',
  'webhooks',
  'webhook-deliveries',
  'tokens',
  'audit-log',
  'dead-letters',
];
const NO_CURSORS = ['abc', encoded(), encoded(7), encoded('x'), encoded('-1'), encoded('1.5'), encoded('a', 'b')];

test.each(LISTS)('%s: a text that is no cursor of this list is said to be none', async (list) => {
  for (const cursor of NO_CURSORS) {
    const response = await call(api, `/api/v1/${list}?cursor=${cursor}`);
    expect(response.status, cursor).toBe(400);
    expect(((await response.json()) as { errors: unknown[] }).errors).toEqual([
      { pointer: 'cursor', detail: 'is not a cursor of this list', expected: 'nextCursor of the page before' },
    ]);
  }
});
