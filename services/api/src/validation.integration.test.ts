/** Every bad request gets problem details that say what was wrong and what would be right. */
import type { Problem } from '@netverdict/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningApi } from './service.ts';
import { call, EVENTPROC_TOKEN, post, QUESTION, type Stack, startStack } from './testing/stack.ts';

let stack: Stack;
let api: RunningApi;

beforeAll(async () => {
  stack = await startStack();
  api = await stack.startApi();
});
afterAll(() => stack?.down());

const { source, destination } = QUESTION;
const to = (change: object): object => ({ source, destination: { ...destination, ...change } });

describe.each([
  ['nothing in the body', {}, ['/source', '/destination']],
  ['no object', 'text', ['']],
  ['an unknown field', { ...QUESTION, colour: 'red' }, ['/colour']],
  ['an unknown field inside', to({ host: 'x' }), ['/destination/host']],
  ['no source named', { source: {}, destination }, ['/source']],
  ['two sources', { source: { pod: 'a/b', node: 'n' }, destination }, ['/source']],
  ['two destinations', to({ pod: 'a/b' }), ['/destination']],
  ['only a port', { source, destination: { port: 80 } }, ['/destination']],
  ['a port number in quotes', to({ port: '80' }), ['/destination/port']],
  ['a pod without namespace', { source: { pod: 'cart' }, destination }, ['/source/pod']],
  ['upper case in a name', { source: { pod: 'Shop/Cart' }, destination }, ['/source/pod']],
  ['a workload with a NUL', { source: { workload: 'deployment/a/\0' }, destination }, ['/source/workload']],
  ['no address', { source: { ip: '10.0.0.256' }, destination }, ['/source/ip']],
  ['port 0', to({ port: 0 }), ['/destination/port']],
  ['port 70000', to({ port: 70000 }), ['/destination/port']],
  ['port -1', to({ port: -1 }), ['/destination/port']],
  ['half a port', to({ port: 80.5 }), ['/destination/port']],
  ['a port as text of a number too big', to({ port: 'HTTP!' }), ['/destination/port']],
  ['no port for tcp', { source, destination: { pod: 'a/b' } }, ['/destination/port']],
  ['a port for icmp', { ...QUESTION, protocol: 'icmp' }, ['/destination/port']],
  ['a named port at a node', { source, destination: { node: 'node-1', port: 'http' } }, ['/destination/port']],
  ['a DNS name that is none', { source, destination: { name: 'a b', port: 1 } }, ['/destination/name']],
  ['an unknown protocol', { ...QUESTION, protocol: 'sctp' }, ['/protocol']],
  ['a size that no packet has', { ...QUESTION, sizeBytes: 1 }, ['/sizeBytes']],
  ['an age below zero', { ...QUESTION, maxAgeMs: -1 }, ['/maxAgeMs']],
  ['a callback that is no URL', { ...QUESTION, callbackUrl: 'nowhere' }, ['/callbackUrl']],
  ['a callback over ftp', { ...QUESTION, callbackUrl: 'ftp://example.org/' }, ['/callbackUrl']],
  ['a callback to the metadata service', { ...QUESTION, callbackUrl: 'http://169.254.169.254/' }, ['/callbackUrl']],
  ['a callback to loopback in disguise', { ...QUESTION, callbackUrl: 'http://[::ffff:127.0.0.2]/' }, ['/callbackUrl']],
  [
    'two faults at once',
    { source: { pod: 'x' }, destination: { service: 'a/b', port: 0 } },
    ['/source/pod', '/destination/port'],
  ],
])('a body with %s', (_what, body, pointers) => {
  test(`is refused with a pointer to ${pointers.join(', ') || 'the body'}`, async () => {
    const response = await post(api, body);
    const problem = (await response.json()) as Problem;
    expect([response.status, response.headers.get('content-type')]).toEqual([
      400,
      'application/problem+json; charset=utf-8',
    ]);
    expect(problem).toMatchObject({ type: 'urn:netverdict:problem:invalid-request', status: 400 });
    expect(problem.errors?.map((e) => e.pointer).sort()).toEqual([...pointers].sort());
    for (const error of problem.errors ?? []) {
      expect(error.detail).not.toBe('');
      expect(error.expected).not.toBe('');
    }
  });
});

test('a message reads as a person would say it', async () => {
  const problem = (await (await post(api, to({ port: 70000 }))).json()) as Problem;
  expect(problem.detail).toBe(
    '/destination/port: is 70000 (expected: a number, 1…65535, without quotes, or the name of a port, such as "http")',
  );
});

test('an unknown field is told the known ones, and a wrong choice the right ones', async () => {
  const problem = (await (await post(api, { ...QUESTION, colour: 'red' })).json()) as Problem;
  expect(problem.errors).toEqual([
    {
      pointer: '/colour',
      detail: 'is not a known field',
      expected: expect.stringMatching(/^one of cluster, source, destination/),
    },
  ]);
  const listed = (await (await call(api, '/api/v1/diagnoses?status=foo')).json()) as Problem;
  expect(listed.errors?.[0]?.expected).toBe('accepted, resolving, collecting, simulating, completed or failed');
});

test('a cluster that nobody has heard of is refused at once, and the known ones are named', async () => {
  const response = await post(api, { ...QUESTION, cluster: 'nowhere' });
  expect(response.status).toBe(422);
  const problem = (await response.json()) as Problem;
  expect(problem.type).toBe('urn:netverdict:problem:unknown-cluster');
  expect(problem.detail).toContain('Known: default');
});

describe.each([
  ['an unknown path', 'GET', '/api/v1/nothing', 404],
  ['an unknown path outside', 'GET', '/nothing', 404],
  ['an unknown diagnosis', 'GET', '/api/v1/diagnoses/dg_00000000-0000-7000-8000-000000000000', 404],
  ['an id that is none', 'GET', '/api/v1/diagnoses/%00', 404],
  ['the bundle of an unknown one', 'GET', '/api/v1/diagnoses/x/bundle', 404],
  ['the stream of an unknown one', 'GET', '/api/v1/diagnoses/x/events', 404],
  ['the rerun of an unknown one', 'POST', '/api/v1/diagnoses/x/rerun', 404],
  ['a method that is not there', 'PUT', '/api/v1/diagnoses', 405],
  ['a method that is not there, below', 'DELETE', '/api/v1/diagnoses/dg_1', 405],
  ['a bad limit', 'GET', '/api/v1/diagnoses?limit=0', 400],
  ['an unknown parameter', 'GET', '/api/v1/diagnoses?colour=red', 400],
  ['a bad cursor', 'GET', '/api/v1/diagnoses?cursor=zzz', 400],
  ['a bad date', 'GET', '/api/v1/diagnoses?since=yesterday', 400],
  ['a NUL in a filter', 'GET', '/api/v1/diagnoses?source=%00', 400],
  ['a bad cursor of events', 'GET', '/api/v1/events?cursor=WyJ4IiwieSJd', 400],
  ['an unknown kind of event', 'GET', '/api/v1/events?kind=x', 400],
  ['a path that cannot be decoded', 'GET', '/api/v1/diagnoses/%ff', 400],
])('%s', (_what, method, path, status) => {
  test(`is answered with ${status} as a problem`, async () => {
    const response = await call(api, path, { method });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
    ]);
    expect(await response.json()).toMatchObject({ status, type: expect.stringMatching(/^urn:netverdict:problem:/) });
    if (status === 405) expect(response.headers.get('allow')).toContain('GET');
  });
});

test('broken JSON, another media type, an empty body and one that is too large are problems too', async () => {
  const send = (body: string, type: string | null): Promise<Response> =>
    call(api, '/api/v1/diagnoses', { method: 'POST', body, headers: type === null ? {} : { 'content-type': type } });
  const json = 'application/json';
  const answers = [
    await send('{', json),
    await send('', json),
    await send('{}', 'text/plain'),
    await send('<a/>', 'application/xml'),
    await send(JSON.stringify({ x: 'y'.repeat(70_000) }), json),
    await send('{"__proto__": {}}', json),
    await post(api, QUESTION, { 'idempotency-key': 'x'.repeat(300) }),
  ];
  expect(answers.map((a) => a.status)).toEqual([400, 400, 415, 415, 413, 400, 400]);
  for (const answer of answers) expect(answer.headers.get('content-type')).toContain('application/problem+json');
});

test('without the token, or with a wrong one, nothing below /api is shown', async () => {
  for (const authorization of ['', 'Bearer', 'Bearer wrong', 'Basic dGVzdA=='])
    for (const path of ['/api/v1/diagnoses', '/api/v1/nothing', '/api/v1/agents']) {
      const response = await call(api, path, { headers: { authorization } });
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([
        401,
        expect.stringContaining('Bearer'),
      ]);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
    }
});

test('health, the OpenAPI document and the page to read it need no token; the page asks no other host', async () => {
  const open = (path: string): Promise<Response> => fetch(`${api.url}${path}`);
  expect(await (await open('/healthz')).json()).toEqual({ status: 'ok' });
  const document = (await (await open('/openapi.json')).json()) as { openapi: string; paths: object };
  expect(document.openapi).toBe('3.1.0');
  const page = await open('/docs');
  expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
  expect(await page.text()).not.toMatch(/(src|href)="https?:/);
});

test('eventproc’s token asks for diagnoses and reads them, and may do nothing else', async () => {
  const headers = { authorization: `Bearer ${EVENTPROC_TOKEN}` };
  const asked = await post(api, QUESTION, headers);
  expect(asked.status).toBe(202);
  const { id } = (await asked.json()) as { id: string };
  expect((await call(api, `/api/v1/diagnoses/${id}`, { headers })).status).toBe(200);
  for (const path of ['/api/v1/events', '/api/v1/agents', `/api/v1/diagnoses/${id}/bundle`, '/api/v1/nothing'])
    expect((await call(api, path, { headers })).status, path).toBe(403);
});

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, unknown>>;
}

/** Malformed, each in another way; what a route takes of it all the same is its to say. */
const TEXTS = {
  path: ['%00', '..%2F..%2Fetc', '%F0%9F%92%A5', 'x'.repeat(500)],
  query: ['', '%00', '-1', '%5B%5D'],
  header: ['', "' or 1=1--"],
};
const BODIES = [
  ...['null', '[]', '"x"', '{"x":1}', `${'['.repeat(5000)}${']'.repeat(5000)}`, '{"flows":[null,1,[],{}],"url":{}}'],
  ...[
    '{"source":null,"destination":[],"ends":[1,2]}',
    '{"name":"\\u0000","request":7,"everyMs":"x","cron":[],"role":1}',
  ],
];
/** Side by side: each is answered in some milliseconds. */
const AT_ONCE = 8;

test('whatever is sent to whatever route is answered by a status of its description, and never with a fault of ours', async () => {
  const { paths } = (await (await fetch(`${api.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, Operation>>;
  };
  const wrong: string[] = [];
  const asks: (() => Promise<void>)[] = [];
  const ask = (method: string, path: string, of: Operation, init: RequestInit = {}): void =>
    void asks.push(() => send(method, path, of, init));
  const send = async (method: string, path: string, of: Operation, init: RequestInit): Promise<void> => {
    const stop = new AbortController();
    const response = await call(api, path, { ...init, method, signal: stop.signal });
    const { status, headers } = response;
    const problem = headers.get('content-type')?.includes('application/problem+json') === true;
    // A path that is broken or too long is answered before the route is known; whoever asks a lot may be told to wait.
    const known = String(status) in of.responses || [400, 404, 414, 429].includes(status);
    if (status >= 500 || !known || (status >= 400 && !problem))
      wrong.push(`${method} ${path.slice(0, 100)} ${String(init.body ?? '').slice(0, 60)}: ${status}`);
    stop.abort();
  };
  for (const [template, operations] of Object.entries(paths)) {
    if (!template.startsWith('/api/')) continue;
    const path = template.replaceAll(/\{[^}]+\}/g, 'x');
    for (const [name, operation] of Object.entries(operations)) {
      const method = name.toUpperCase();
      const json = { 'content-type': 'application/json' };
      const bodied: RequestInit = operation.requestBody === undefined ? {} : { headers: json, body: '{}' };
      if (path !== template)
        for (const text of TEXTS.path) ask(method, template.replaceAll(/\{[^}]+\}/g, text), operation, bodied);
      for (const parameter of operation.parameters ?? [])
        if (parameter.in === 'query')
          for (const text of TEXTS.query) ask(method, `${path}?${parameter.name}=${text}`, operation, bodied);
        else if (parameter.in === 'header')
          for (const text of TEXTS.header)
            ask(method, path, operation, { ...bodied, headers: { ...json, [parameter.name]: text } });
      if (operation.requestBody !== undefined)
        for (const body of BODIES) ask(method, path, operation, { headers: json, body });
    }
  }
  expect(asks.length).toBeGreaterThan(500);
  const one = async (): Promise<void> => {
    for (let next = asks.pop(); next !== undefined; next = asks.pop()) await next();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  expect(wrong).toEqual([]);
}, 120_000);
