/** The server as clients see it: the protocol over real connections, persistence, and the real kubectl. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ClientRequest } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ApiClient,
  type ApiServer,
  apiClient,
  type KubeObject,
  runningApiServer,
  spawnApiServer,
  startApiServer,
  stopApiServer,
} from './index.ts';
import { at, listAt, textAt } from './json-path.ts';

const folder = mkdtempSync(join(tmpdir(), 'nv-api-'));
let server: ApiServer;
let client: ApiClient;
beforeAll(async () => {
  server = await startApiServer({ stateDir: join(folder, 'main'), historyLength: 50, bookmarkIntervalMs: 100 });
  client = apiClient(server);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const pod = (name: string, more: object = {}, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels },
  spec: { nodeName: 'node-1', containers: [{ name: 'main', image: 'pause' }] },
  status: { phase: 'Running', podIP: '10.244.1.7' },
  ...more,
});

interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly token?: string;
  readonly accept?: string;
}
function open(path: string, call: Call, onLine?: (event: unknown) => void) {
  let outgoing: ClientRequest | undefined;
  const done = new Promise<{ code: number; json: unknown }>((resolve, reject) => {
    outgoing = request(
      `${server.url}${path}`,
      {
        method: call.method ?? 'GET',
        ca: server.ca,
        agent: false,
        headers: {
          authorization: `Bearer ${call.token ?? server.token}`,
          'content-type': call.type ?? 'application/json',
          accept: call.accept ?? 'application/json',
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (onLine === undefined) return;
          const lines = text.split('\n');
          text = lines.pop() ?? '';
          for (const line of lines) onLine(JSON.parse(line));
        });
        response.on('close', () =>
          resolve({ code: response.statusCode ?? 0, json: text === '' ? null : JSON.parse(text) }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(
      call.body === undefined ? undefined : typeof call.body === 'string' ? call.body : JSON.stringify(call.body),
    );
  });
  return { done, cancel: () => outgoing?.destroy() };
}
const call = (path: string, options: Call = {}) => open(path, options).done;

/** Watches until `until` says so of the events so far, then hangs up. */
function watch(
  query: string,
  until: (events: readonly unknown[]) => boolean,
  path = '/api/v1/namespaces/default/pods',
) {
  const events: unknown[] = [];
  return new Promise<unknown[]>((resolve, reject) => {
    const stream = open(`${path}?watch=true&${query}`, {}, (event) => {
      events.push(event);
      if (!until(events)) return;
      resolve(events);
      stream.cancel();
    });
    stream.done.then(
      () => resolve(events),
      (error) => (until(events) ? resolve(events) : reject(error)),
    );
  });
}
const names = (events: readonly unknown[]): string[] =>
  events.map((event) => `${textAt(event, 'type')} ${textAt(event, 'object', 'metadata', 'name') ?? ''}`.trim());

describe('errors are those of Kubernetes', () => {
  beforeAll(() => client.apply([pod('exists')]));
  const pods = '/api/v1/namespaces/default/pods';
  const rows: readonly [string, string, Call, number, string][] = [
    ['no or a wrong token', pods, { token: 'wrong' }, 401, 'Unauthorized'],
    ['a pod that is not there', `${pods}/nobody`, {}, 404, 'NotFound'],
    ['a path that is not served', '/apis/batch/v1/jobs', {}, 404, 'NotFound'],
    ['an object that is there already', pods, { method: 'POST', body: pod('exists') }, 409, 'AlreadyExists'],
    [
      'a namespace that is not there',
      '/api/v1/namespaces/nowhere/pods',
      { method: 'POST', body: pod('x', { metadata: { name: 'x' } }) },
      404,
      'NotFound',
    ],
    [
      'an update from an old version',
      `${pods}/exists`,
      { method: 'PUT', body: pod('exists', { metadata: { name: 'exists', resourceVersion: '1' } }) },
      409,
      'Conflict',
    ],
    ['a body that is not JSON', pods, { method: 'POST', body: '{' }, 400, 'BadRequest'],
    ['a body of another kind', pods, { method: 'POST', body: { ...pod('x'), kind: 'Service' } }, 400, 'BadRequest'],
    ['a name that DNS does not allow', pods, { method: 'POST', body: pod('../x') }, 422, 'Invalid'],
    ['a selector that does not parse', `${pods}?labelSelector=%28`, {}, 400, 'BadRequest'],
    ['a verb that is not served', `${pods}/exists`, { method: 'POST', body: pod('exists') }, 405, 'MethodNotAllowed'],
    [
      'a body in protobuf',
      pods,
      { method: 'POST', body: 'x', type: 'application/vnd.kubernetes.protobuf' },
      415,
      'UnsupportedMediaType',
    ],
    ['a page token that is no token', `${pods}?continue=%21`, {}, 400, 'BadRequest'],
  ];
  it.each(rows)('%s', async (_what, path, options, code, reason) => {
    const answer = await call(path, options);
    expect(answer).toMatchObject({ code, json: { kind: 'Status', status: 'Failure', reason, code } });
  });
});

it('pages by limit and continue, all of one list', async () => {
  await client.apply([1, 2, 3, 4, 5].map((n) => pod(`page-${n}`, {}, { paged: 'yes' })));
  const seen: string[] = [];
  let next = '';
  let pages = 0;
  do {
    const query = `labelSelector=paged%3Dyes&limit=2${next === '' ? '' : `&continue=${next}`}`;
    const { json } = await call(`/api/v1/pods?${query}`);
    seen.push(...listAt(json, 'items').map((item) => textAt(item, 'metadata', 'name') ?? ''));
    next = textAt(json, 'metadata', 'continue') ?? '';
    pages += 1;
  } while (next !== '');
  expect(seen).toEqual(['page-1', 'page-2', 'page-3', 'page-4', 'page-5']);
  expect(pages).toBe(3);
});

describe('a watch', () => {
  it('resumes after the version it names, and goes on', async () => {
    const [first] = await client.apply([pod('watched')]);
    const events = watch(`resourceVersion=${first?.metadata.resourceVersion}`, (all) => all.length === 3);
    await client.apply([pod('watched', { status: { phase: 'Succeeded' } }), pod('watched-2')]);
    await client.delete([pod('watched')]);
    expect(names(await events)).toEqual(['MODIFIED watched', 'ADDED watched-2', 'DELETED watched']);
  });
  it('with a selector sees objects come and go with their labels', async () => {
    const [first] = await client.apply([pod('moves')]);
    const events = watch(
      `labelSelector=in%3Dyes&resourceVersion=${first?.metadata.resourceVersion}`,
      (all) => all.length === 2,
    );
    await client.apply([pod('moves', {}, { in: 'yes' })]);
    await client.apply([pod('moves')]);
    expect(names(await events)).toEqual(['ADDED moves', 'DELETED moves']);
  });
  it('gets bookmarks where it allows them, and ends after timeoutSeconds', async () => {
    const query = 'allowWatchBookmarks=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dnobody&resourceVersion=';
    const { json } = await call('/api/v1/pods?limit=1');
    const events = await watch(query + textAt(json, 'metadata', 'resourceVersion'), () => false);
    expect(events.length).toBeGreaterThan(2);
    expect(events.every((event) => textAt(event, 'type') === 'BOOKMARK')).toBe(true);
    expect(Number(textAt(events[0], 'object', 'metadata', 'resourceVersion'))).toBeGreaterThan(0);
  });
  it('from a forgotten version is told 410 Expired', async () => {
    for (let n = 0; n < 110; n++)
      await client.apply([pod('churns', { status: { phase: 'Running', podIP: `10.244.1.${n}` } })]);
    const events = await watch('resourceVersion=1', (all) => all.length === 1, '/api/v1/pods');
    expect(events).toMatchObject([{ type: 'ERROR', object: { code: 410, reason: 'Expired' } }]);
  });
  it('sends initial events with their end marked, where asked', async () => {
    const query = 'sendInitialEvents=true&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dexists';
    const events = await watch(query, (all) => all.length === 2);
    expect(names(events)).toEqual(['ADDED exists', 'BOOKMARK']);
    expect(at(events[1], 'object', 'metadata', 'annotations')).toEqual({ 'k8s.io/initial-events-end': 'true' });
  });
});

it('a namespace takes what is in it along', async () => {
  await client.apply([{ ...pod('inner'), metadata: { name: 'inner', namespace: 'passing' } }]);
  expect(await client.get({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'passing' } })).not.toBeNull();
  await client.delete([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'passing' } }]);
  expect((await client.list('v1', 'Pod')).filter((o) => o.metadata.namespace === 'passing')).toEqual([]);
});

it('an update that changes nothing makes no event; one that does keeps uid and creation time', async () => {
  const [first] = await client.apply([pod('same')]);
  const [again] = await client.apply([pod('same')]);
  expect(again).toEqual(first);
  const [changed] = await client.apply([pod('same', { spec: { nodeName: 'node-2' } })]);
  expect(changed?.metadata).toMatchObject({
    uid: first?.metadata.uid,
    creationTimestamp: first?.metadata.creationTimestamp,
    generation: 2,
  });
});

it('an object keeps the uid that its maker gave it; another uid under the name is another object', async () => {
  const of = (uid: string) => pod('sandboxed', { metadata: { name: 'sandboxed', namespace: 'default', uid } });
  const [first] = await client.apply([of('first')]);
  expect(first?.metadata.uid).toBe('first');
  const events = watch(`resourceVersion=${first?.metadata.resourceVersion}`, (all) => all.length === 2);
  const [second] = await client.apply([of('second')]);
  expect(second?.metadata.uid).toBe('second');
  expect(names(await events)).toEqual(['DELETED sandboxed', 'ADDED sandboxed']);
});

describe('in a process of its own', () => {
  const stateDir = join(folder, 'own');
  afterAll(() => stopApiServer(stateDir));
  it('keeps objects, address, token and the count of versions over a kill', async () => {
    const first = await spawnApiServer({ stateDir });
    expect(await spawnApiServer({ stateDir })).toEqual(first);
    const [made] = await apiClient(first).apply([pod('kept')]);
    process.kill(first.pid, 'SIGKILL');
    while (runningApiServer(stateDir) !== null) await new Promise((resolve) => setTimeout(resolve, 10));
    const second = await spawnApiServer({ stateDir });
    expect(second).toMatchObject({ url: first.url, token: first.token, ca: first.ca });
    expect(await apiClient(second).get(pod('kept'))).toEqual(made);
    const [next] = await apiClient(second).apply([pod('later')]);
    expect(Number(next?.metadata.resourceVersion)).toBeGreaterThan(Number(made?.metadata.resourceVersion));
    await stopApiServer(stateDir);
    expect(runningApiServer(stateDir)).toBeNull();
  });
});

describe('kubectl', () => {
  const kubectl = (...args: readonly string[]): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) => {
      execFile(
        'kubectl',
        ['--kubeconfig', server.kubeconfig, '--cache-dir', join(folder, 'cache'), ...args],
        { timeout: 20_000 },
        (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err }),
      );
    });
  const manifest = join(folder, 'manifest.json');
  const service = (port: number): void =>
    writeFileSync(
      manifest,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web', namespace: 'default' },
        spec: { type: 'NodePort', clusterIP: '10.96.0.80', ports: [{ port, nodePort: 30080 }] },
      }),
    );

  it('applies, changes, lists, labels and deletes', async () => {
    service(80);
    expect(await kubectl('apply', '-f', manifest)).toMatchObject({ code: 0, out: 'service/web created\n' });
    service(81);
    expect(await kubectl('apply', '-f', manifest)).toMatchObject({ code: 0, out: 'service/web configured\n' });
    expect(await kubectl('create', '-f', manifest)).toMatchObject({
      code: 1,
      err: expect.stringContaining('AlreadyExists'),
    });
    await client.apply([
      {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: 'node-1' },
        status: { conditions: [{ type: 'Ready', status: 'True' }] },
      },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'web-x', namespace: 'default' },
        addressType: 'IPv4',
        ports: [{ port: 8080 }],
        endpoints: [{ addresses: ['10.244.1.7'] }],
      },
    ]);
    const { out } = await kubectl('get', 'pods,svc,nodes,endpointslices', '-A');
    const lines = out.split('\n').map((line) => line.replace(/\s+/g, ' ').trim());
    expect(lines).toContain('NAMESPACE NAME READY STATUS RESTARTS AGE');
    expect(lines.join('\n')).toMatch(/default pod\/exists 0\/1 Running 0 \d+s/);
    expect(lines.join('\n')).toMatch(/default service\/web NodePort 10\.96\.0\.80 <none> 81:30080\/TCP \d+s/);
    expect(lines.join('\n')).toMatch(/node\/node-1 Ready <none> \d+s/);
    expect(lines.join('\n')).toMatch(/default endpointslice.discovery.k8s.io\/web-x IPv4 8080 10\.244\.1\.7 \d+s/);
    expect((await kubectl('label', 'pod', 'exists', 'colour=blue')).out).toBe('pod/exists labeled\n');
    expect((await kubectl('get', 'pods', '-l', 'colour=blue', '-o', 'name')).out).toBe('pod/exists\n');
    expect((await kubectl('delete', 'svc', 'web')).code).toBe(0);
    expect((await kubectl('get', 'svc', 'web')).err).toBe('Error from server (NotFound): services "web" not found\n');
  });

  it('waits for what it watches', async () => {
    await client.apply([pod('waits')]);
    const waiting = kubectl('wait', 'pod/waits', '--for=condition=Ready', '--timeout=15s');
    setTimeout(() => {
      void client.apply([
        pod('waits', { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }),
      ]);
    }, 500);
    expect(await waiting).toMatchObject({ code: 0, out: 'pod/waits condition met\n' });
  });
});
