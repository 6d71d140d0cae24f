/** Tokens made over REST: what each role and scope may do, and that every write is in the audit log. */
import type { AuditEntry, TokenDocument } from '@netverdict/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digest } from './http/auth.ts';
import { roleRules } from './http/oidc/claims.ts';
import type { RunningApi } from './service.ts';
import { AUDIENCE, startIssuer } from './testing/issuer.ts';
import { startReceiver } from './testing/receiver.ts';
import { call, QUESTION, type Stack, startStack, TOKEN } from './testing/stack.ts';

let stack: Stack;
let api: RunningApi;
let other: RunningApi;

beforeAll(async () => {
  stack = await startStack();
  [api, other] = await Promise.all([stack.startApi(), stack.startApi()]);
});
afterAll(() => stack?.down());

function send(token: string, method: string, path: string, body?: unknown, at: RunningApi = api): Promise<Response> {
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (body !== undefined) headers['content-type'] = 'application/json';
  return call(at, `/api/v1${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}
const statusOf = async (token: string, method: string, path: string, body?: unknown): Promise<number> =>
  (await send(token, method, path, body)).status;

async function made(change: object): Promise<TokenDocument & { token: string }> {
  const response = await send(TOKEN, 'POST', '/tokens', { name: 'somebody', role: 'viewer', ...change });
  expect(response.status).toBe(201);
  return (await response.json()) as TokenDocument & { token: string };
}

test('a token is shown once, kept as its digest, works at every replica, and after it was revoked at none', async () => {
  const { id, token } = await made({});
  expect(token).toMatch(/^nvt_[\w-]{43}$/);
  const { items } = (await (await send(TOKEN, 'GET', '/tokens')).json()) as { items: TokenDocument[] };
  expect(items[0]).toMatchObject({ id, name: 'somebody', role: 'viewer', revokedAt: null });
  expect(JSON.stringify(items)).not.toContain(token);
  expect((await send(token, 'GET', '/agents', undefined, other)).status).toBe(200);
  expect(await statusOf(TOKEN, 'DELETE', `/tokens/${id}`)).toBe(200);
  for (const replica of [api, other])
    expect((await send(token, 'GET', '/agents', undefined, replica)).status).toBe(401);
  expect(await statusOf(TOKEN, 'DELETE', '/tokens/tok_none')).toBe(404);
});

test('an expired token is refused', async () => {
  const row = await api.store.tokens.add({
    id: 'tok_short',
    name: 'short',
    hash: digest('nvt_short').toString('hex'),
    role: 'admin',
    clusters: null,
    namespaces: null,
    createdBy: 'the test',
    expiresInMs: -1,
  });
  expect(await api.store.tokens.find(row.hash)).toBeNull();
  expect(await statusOf('nvt_short', 'GET', '/agents')).toBe(401);
});

test('a viewer reads, an operator asks, an admin administers', async () => {
  const [viewer, operator, admin] = [
    (await made({ role: 'viewer' })).token,
    (await made({ role: 'operator' })).token,
    (await made({ role: 'admin' })).token,
  ];
  const webhook = { url: 'https://hooks.example.org/', eventTypes: ['diagnosis.completed'] };
  const statuses = async (token: string): Promise<number[]> => [
    await statusOf(token, 'GET', '/diagnoses'),
    await statusOf(token, 'POST', '/diagnoses', QUESTION),
    await statusOf(token, 'GET', '/webhooks'),
    await statusOf(token, 'POST', '/webhooks', webhook),
    await statusOf(token, 'GET', '/audit-log'),
  ];
  expect(await statuses(viewer)).toEqual([200, 403, 403, 403, 403]);
  expect(await statuses(operator)).toEqual([200, 202, 200, 403, 403]);
  expect(await statuses(admin)).toEqual([200, 202, 200, 201, 200]);
});

test('who may see one namespace asks with one end in it, and does not learn what else there is', async () => {
  const { token } = await made({ role: 'operator', namespaces: ['shop'] });
  const within = { source: { pod: 'shop/a' }, destination: { service: 'shop/b', port: 80 } };
  for (const question of [
    within,
    { ...within, destination: { service: 'bank/b', port: 80 } },
    { ...within, source: { node: 'node-1' } },
    { ...within, destination: { ip: '10.0.0.1', port: 80 } },
  ])
    expect(await statusOf(token, 'POST', '/diagnoses', question)).toBe(202);
  for (const beyond of [QUESTION, { ...within, source: { pod: 'bank/a' }, probe: true }])
    expect(await statusOf(token, 'POST', '/diagnoses', beyond)).toBe(403);
  const elsewhere = (await (await send(TOKEN, 'POST', '/diagnoses', QUESTION)).json()) as { id: string };
  const [hidden, absent] = [
    await send(token, 'GET', `/diagnoses/${elsewhere.id}`),
    await send(token, 'GET', '/diagnoses/dg_x'),
  ];
  expect([hidden.status, absent.status]).toEqual([404, 404]);
  expect(await statusOf(token, 'POST', `/diagnoses/${elsewhere.id}/rerun`)).toBe(404);
  const list = (await (await send(token, 'GET', '/diagnoses')).json()) as { items: { id: string }[] };
  expect(list.items.length).toBeGreaterThanOrEqual(4);
  expect(list.items.map(({ id }) => id)).not.toContain(elsewhere.id);
  expect(await statusOf(token, 'GET', '/diagnoses?destination=bank/')).toBe(403);
  expect(await statusOf(token, 'GET', '/incidents?workload=deployment/shop/cart')).toBe(200);
  expect(await statusOf(token, 'GET', '/incidents')).toBe(403);
  expect(await statusOf(token, 'POST', '/captures', { pod: 'bank/b' })).not.toBe(201);
});

test('the bank’s question to the shop is shown to the shop without the bank, in every answer', async () => {
  const receiver = await startReceiver();
  const [shop, bank] = [
    (await made({ role: 'operator', namespaces: ['shop'] })).token,
    (await made({ role: 'operator', namespaces: ['bank'] })).token,
  ];
  const callbackUrl = `${receiver.url}/canary-callback`;
  const question = { source: { pod: 'bank/vault' }, destination: { service: 'shop/b', port: 80 }, callbackUrl };
  const { id } = (await (await send(bank, 'POST', '/diagnoses', question)).json()) as { id: string };
  await expect.poll(() => receiver.received.length, { timeout: 30_000 }).toBeGreaterThan(0);
  const again = await send(shop, 'POST', `/diagnoses/${id}/rerun`);
  expect(again.status).toBe(202);
  const { id: rerun } = (await again.json()) as { id: string };
  const status = async (): Promise<unknown> =>
    ((await (await send(shop, 'GET', `/diagnoses/${rerun}`)).json()) as { status: string }).status;
  await expect.poll(status, { timeout: 30_000 }).toBe('completed');
  const answers = await Promise.all(
    ['', '/events'].flatMap((path) => [id, rerun].map((one) => send(shop, 'GET', `/diagnoses/${one}${path}`))),
  );
  const texts = await Promise.all([...answers, await send(shop, 'GET', '/diagnoses')].map((one) => one.text()));
  for (const text of texts) {
    // The test's verdict speaks of default/web at 10.96.0.80, whoever is asked about.
    for (const canary of ['bank', 'vault', 'canary-callback', 'default/', '10.96.0.80'])
      expect(text).not.toContain(canary);
    expect(text).toContain('shop/b');
    expect(text).toContain('reachable');
  }
  expect(await statusOf(shop, 'GET', `/diagnoses/${id}/bundle`)).toBe(403);
  const told = receiver.received.map(({ body }) => body).join();
  expect(told).toContain('bank/vault');
  for (const canary of ['shop/b-', 'default/', '10.96.0.80']) expect(told).not.toContain(canary);
  await receiver.close();
});

test('who may see one cluster names it', async () => {
  const { token } = await made({ clusters: ['default'] });
  expect(await statusOf(token, 'GET', '/diagnoses?cluster=default')).toBe(200);
  expect(await statusOf(token, 'GET', '/diagnoses?cluster=other')).toBe(403);
  expect(await statusOf(token, 'GET', '/diagnoses')).toBe(403);
});

test('every write is in the audit log with who and which answer; reads and the token itself are not', async () => {
  const { id, token } = await made({ role: 'operator', name: 'the pipeline' });
  const asked = await send(token, 'POST', '/diagnoses', QUESTION);
  await send(token, 'GET', '/diagnoses');
  await send(token, 'DELETE', '/captures/cap_none');
  const log = async (): Promise<AuditEntry[]> =>
    ((await (await send(TOKEN, 'GET', `/audit-log?token=${id}`)).json()) as { items: AuditEntry[] }).items;
  await expect.poll(async () => (await log()).map(({ status }) => status), { timeout: 10_000 }).toEqual([404, 202]);
  expect(await log()).toMatchObject([
    { method: 'DELETE', path: '/api/v1/captures/cap_none', tokenName: 'the pipeline', remoteAddress: '127.0.0.1' },
    { method: 'POST', path: '/api/v1/diagnoses', created: asked.headers.get('location') },
  ]);
  const all = await (await send(TOKEN, 'GET', '/audit-log?limit=200')).text();
  expect(all).toContain('/api/v1/tokens');
  expect(all).not.toContain(token);
  const { nextCursor } = (await (await send(TOKEN, 'GET', '/audit-log?limit=1')).json()) as { nextCursor: string };
  expect(await statusOf(TOKEN, 'GET', `/audit-log?limit=1&cursor=${nextCursor}`)).toBe(200);
});

test('who comes with an issuer’s token does what its groups may, and is in the audit log by its subject', async () => {
  const issuer = await startIssuer();
  const rules = {
    roleClaim: 'groups',
    roles: roleRules(['sre=operator']),
    clusterClaim: null,
    namespaceClaim: 'teams',
  };
  const oidc = { issuer: issuer.url, audience: AUDIENCE, algorithms: ['RS256'], clockSkewMs: 30_000, rules };
  const federated = await stack.startApi({ oidc });
  const token = await issuer.sign({ sub: 'ada@example.org', teams: ['shop'] });
  const question = { source: { pod: 'shop/a' }, destination: { service: 'bank/b', port: 80 } };
  const asked = await send(token, 'POST', '/diagnoses', question, federated);
  expect(asked.status).toBe(202);
  expect(await asked.json()).toMatchObject({ visibleNamespaces: ['shop'] });
  expect((await send(token, 'GET', '/tokens', undefined, federated)).status).toBe(403);
  expect((await send(await issuer.sign({ exp: 1 }), 'GET', '/agents', undefined, federated)).status).toBe(401);
  // Where no issuer is configured nobody's word is taken.
  expect((await send(token, 'GET', '/diagnoses')).status).toBe(401);
  const { items } = (await (await send(TOKEN, 'GET', '/audit-log?limit=5')).json()) as { items: AuditEntry[] };
  expect(items.find(({ tokenName }) => tokenName === 'ada@example.org')).toMatchObject({ path: '/api/v1/diagnoses' });
  await issuer.close();
});

test('a token’s requests are counted over all replicas', async () => {
  const limits = { requestsPerMinute: 6, concurrentRequests: 1000, concurrentStreams: 200 };
  const redisPrefix = 'counted';
  const [one, two] = await Promise.all([
    stack.startApi({ limits }, { redisPrefix }),
    stack.startApi({ limits }, { redisPrefix }),
  ]);
  const { token } = await made({});
  const ask = async (at: RunningApi): Promise<Response> => send(token, 'GET', '/agents', undefined, at);
  // Until both have reached Redis each counts for itself; then one hears of the other's.
  let taken = 0;
  const full = async (): Promise<boolean> => {
    const statuses = [(await ask(one)).status, (await ask(two)).status];
    taken += statuses.filter((status) => status === 200).length;
    return statuses.every((status) => status === 429);
  };
  await expect.poll(full, { timeout: 20_000 }).toBe(true);
  expect(taken).toBeLessThanOrEqual(18);
  const refused = await ask(two);
  expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(refused.headers.get('ratelimit')).toContain('r=0');
  expect((await send(TOKEN, 'GET', '/agents', undefined, two)).status).toBe(200);
});

test('a token that has its share of open diagnoses under way waits, and another does not', async () => {
  const crowded = await stack.startApi({ openDiagnoses: 4 });
  const [greedy, modest] = [(await made({ role: 'operator' })).token, (await made({ role: 'operator' })).token];
  const open = async (): Promise<number> =>
    [...(await api.store.diagnoses.openByToken()).values()].reduce((sum, n) => sum + n, 0);
  await expect.poll(open, { timeout: 30_000 }).toBe(0);
  stack.pipeline.react = () => 'ignore';
  try {
    const asked = async (token: string): Promise<Response> => send(token, 'POST', '/diagnoses', QUESTION, crowded);
    expect([(await asked(greedy)).status, (await asked(greedy)).status]).toEqual([202, 202]);
    const refused = await asked(greedy);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('2');
    expect(await refused.json()).toMatchObject({ type: 'urn:netverdict:problem:too-many-open-diagnoses' });
    expect((await asked(modest)).status).toBe(202);
  } finally {
    stack.pipeline.react = () => 'answer';
  }
});
