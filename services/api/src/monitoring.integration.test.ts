/** What eventproc has stored, asked for over REST: filters, pages, ranges, and questions that make no sense. */
import { REST_COMPONENTS } from '@netverdict/contracts';
import type { Incident, StoredEvent } from '@netverdict/store';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningApi } from './service.ts';
import { call, type Stack, startStack } from './testing/stack.ts';

let stack: Stack;
let api: RunningApi;
beforeAll(async () => {
  stack = await startStack();
  api = await stack.startApi();
}, 90_000);
afterAll(() => stack?.down());

type Page = { items: Record<string, unknown>[]; nextCursor: string | null };
const get = async (path: string): Promise<Page> => {
  const response = await call(api, `/api/v1/${path}`);
  expect([path, response.status]).toEqual([path, 200]);
  return (await response.json()) as Page;
};
/** All pages of two items each. */
async function all(path: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Page = await get(`${path}${path.includes('?') ? '&' : '?'}limit=2${cursor ? `&cursor=${cursor}` : ''}`);
    expect(page.items.length).toBeLessThanOrEqual(2);
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}
const documents: Readonly<Record<string, unknown>> = Object.fromEntries(
  REST_COMPONENTS.map((schema) => [(schema as { $id?: string }).$id ?? '', schema]),
);
/** The schema with what it refers to put in the places. */
function whole(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(whole);
  if (schema === null || typeof schema !== 'object') return schema;
  if ('$ref' in schema) return whole(documents[String(schema.$ref).replace(/^.*\//, '').replace('#', '')]);
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, value]) => (key === '$id' ? [] : [[key, whole(value)]])),
  );
}
const fits = (name: string, value: unknown): void => {
  expect(documents).toHaveProperty(name);
  const errors = Compile(whole(documents[name]) as TSchema).Errors(value);
  expect([name, errors]).toEqual([name, []]);
};

const AT = '2030-01-01T00:00:00.000Z';
const minute = (n: number): string => new Date(Date.parse(AT) + n * 60_000).toISOString();

test('events are found by all that they are known by', async () => {
  const event = (n: number, change: Partial<StoredEvent>): StoredEvent => ({
    ...{ id: `default/node-1/e/1/${n}`, cluster: 'default', node: 'node-1', netns: 1, kind: 'packet-drop', count: 1 },
    ...{ pod: { namespace: 'shop', name: 'cart' }, windowStart: minute(n), windowEnd: minute(n) },
    ...change,
  });
  const rich: Partial<StoredEvent> = {
    ...{
      workload: 'deployment/shop/cart',
      peer: 'service/shop/db',
      probe: 'drops',
      reason: 'NETFILTER_DROP',
      hook: 'FORWARD',
    },
    ...{
      function: 'nf_hook_slow',
      direction: 'out',
      protocol: 6,
      source: '10.0.0.1',
      destination: '10.0.0.2',
      destinationPort: 5432,
    },
    ...{
      bytes: 60,
      oneIn: 4,
      details: { state: 'SYN_SENT' },
      incidentId: 'inc_x',
      samples: [{ at: AT, tuple: null, bytes: 60, stack: ['a'] }],
    },
  };
  await api.store.events.add([event(0, {}), event(1, rich), event(2, {}), event(3, rich)]);
  const ids = async (query: string) => (await all(`events?${query}`)).map(({ id }) => String(id).at(-1));
  for (const query of [
    'workload=deployment/shop/cart',
    'peer=service/shop/db',
    'probe=drops',
    'reason=NETFILTER_DROP',
    'incident=inc_x',
    'address=10.0.0.2',
  ])
    expect([query, await ids(query)]).toEqual([query, ['3', '1']]);
  expect(await ids(`since=${minute(1)}&until=${minute(3)}`)).toEqual(['2', '1']);
  const [, first] = (await get('events?probe=drops')).items;
  expect(first).toEqual(JSON.parse(JSON.stringify(event(1, rich))));
  fits('Event', first);
});

const incident = (n: number, change: Partial<Incident> = {}): Incident => ({
  ...{
    id: `inc_${n}`,
    cluster: 'default',
    key: `k${n}`,
    current: true,
    cause: null,
    causeEndedAt: null,
    kind: 'packet-drop',
    workload: 'deployment/shop/cart',
    peer: `10.0.0.${n}`,
  },
  ...{
    direction: 'out',
    reason: 'NETFILTER_DROP',
    function: null,
    hook: 'FORWARD',
    probe: 'drops',
    severity: 'warning',
  },
  ...{
    state: 'open',
    stateSince: AT,
    openedAt: AT,
    resolvedAt: null,
    reopened: 0,
    count: 5,
    estimated: 0,
    events: 1,
    bytes: 0,
  },
  ...{
    firstSeen: minute(n),
    lastSeen: minute(n),
    nodes: ['node-1'],
    pods: ['shop/cart'],
    samples: [],
    peers: 1,
    peersSketch: null,
  },
  ...change,
});

test('incidents are listed by when they were last seen, filtered, and shown one by one', async () => {
  await api.store.incidents.write([
    incident(1),
    incident(2, { state: 'resolved', resolvedAt: AT, severity: 'critical', nodes: ['node-2'] }),
    incident(3, { workload: 'node/node-3', pods: [], peersSketch: new Uint8Array(8) }),
  ]);
  const ids = async (query: string) => (await all(`incidents${query}`)).map(({ id }) => id);
  expect(await ids('')).toEqual(['inc_3', 'inc_2', 'inc_1']);
  expect(await ids('?state=resolved')).toEqual(['inc_2']);
  expect(await ids('?severity=warning&pod=shop/cart')).toEqual(['inc_1']);
  expect(await ids('?node=node-2')).toEqual(['inc_2']);
  expect(await ids('?workload=node/node-3&peer=10.0.0.3&reason=NETFILTER_DROP&kind=packet-drop')).toEqual(['inc_3']);
  expect(await ids(`?since=${minute(2)}&until=${minute(3)}`)).toEqual(['inc_2']);
  const one = await (await call(api, '/api/v1/incidents/inc_3')).json();
  fits('Incident', one);
  for (const inner of ['peersSketch', 'current', 'key', 'confirmed']) expect(one).not.toHaveProperty(inner);
  expect((await call(api, '/api/v1/incidents/inc_none')).status).toBe(404);
});

test('a node that is silent and one that has nothing to tell look different', async () => {
  const agent = (node: string, lastSeen: string) => ({
    ...{
      cluster: 'default',
      node,
      epoch: 'e',
      version: '1',
      kernel: '6',
      lastSeq: 1,
      capabilities: ['collect'],
      lastSeen,
    },
    ...{
      probes: [
        {
          name: 'drops',
          state: 'on',
          seen: 1,
          filtered: 0,
          sampledAway: 0,
          aggregated: 1,
          lost: 0,
          missed: 0,
        } as const,
      ],
    },
    details: { configuration: { version: 3, problems: [] } },
  });
  const now = new Date().toISOString();
  await api.store.agents.upsert([agent('gone', AT.replace('2030', '2020')), agent('idle', now), agent('busy', now)]);
  await api.store.agents.batchStored('default', 'busy');
  const nodes = await all('nodes');
  expect(nodes.map(({ node, state }) => [node, state])).toEqual([
    ['busy', 'reporting'],
    ['gone', 'silent'],
    ['idle', 'quiet'],
  ]);
  expect(nodes[0]).toMatchObject({
    probes: [{ name: 'drops' }],
    configuration: { version: 3 },
    watch: null,
    budget: null,
  });
  for (const node of nodes) fits('Node', node);
  expect((await get('nodes?node=idle')).items.length).toBe(1);
});

test('the graph: what both ends told of a pair is one edge, by pod or by workload', async () => {
  const flow = {
    ...{ bucket: AT, cluster: 'default', node: 'node-1', reporter: 'source' as const, protocol: 6, port: 80 },
    ...{
      source: 'pod/shop/cart-1',
      sourceWorkload: 'deployment/shop/cart',
      destination: 'service/shop/db',
      destinationWorkload: null,
    },
    ...{ bytes: 100, packets: 10, bytesBack: 1000, packetsBack: 5, retransmitted: 1, connections: 2 },
  };
  const edges = [
    flow,
    { ...flow, node: 'node-2', reporter: 'destination' as const, bytes: 90, connections: 1 },
    { ...flow, source: 'pod/shop/cart-2', bytes: 7 },
    { ...flow, source: '203.0.113.9', sourceWorkload: null, bytesBack: 0, bytes: 1 },
  ];
  await api.store.flows.add(edges);
  await api.store.flows.add([flow]);
  const range = `since=${AT}&until=${minute(60)}`;
  const shown = (items: Record<string, unknown>[]) =>
    items.map(({ source, bytes, bytesBack, connections }) => [source, bytes, bytesBack, connections]);
  const byPod = await all(`flows?${range}`);
  expect(shown(byPod)).toEqual([
    ['pod/shop/cart-1', 200, 2000, 4],
    ['pod/shop/cart-2', 7, 1000, 2],
    ['203.0.113.9', 1, 0, 2],
  ]);
  for (const edge of byPod) fits('Flow', edge);
  expect(shown((await get(`flows?${range}&by=workload&namespace=shop&limit=1`)).items)).toEqual([
    ['deployment/shop/cart', 207, 3000, 6],
  ]);
  expect((await get(`flows?${range}&end=203.0.113.9`)).items.length).toBe(1);
  expect((await get(`flows?since=${minute(5)}&until=${minute(60)}`)).items).toEqual([]);
});

test('accounts: what is held and what is in flight, by node and by minute', async () => {
  const entry = (node: string, n: number, probe: string, counts: object) => ({
    at: minute(n),
    cluster: 'default',
    node,
    probe,
    counts,
  });
  await api.store.accounting.add([
    entry('a', 0, 'drops', {
      seen: 100,
      filtered: 10,
      sampledAway: 20,
      lostKernel: 5,
      elsewhere: 1,
      lostSidecar: 4,
      reported: 60,
    }),
    entry('a', 0, '', { reported: 70, stored: 50, lostSpool: 10, lostBus: 5, deadLetter: 5 }),
    entry('a', 1, '', { reported: 3, stored: 1 }),
    entry('b', 0, 'drops', { seen: 3 }),
    entry('c', 0, '', { reported: 1, stored: 1 }),
  ]);
  const range = `since=${AT}&until=${minute(60)}`;
  const nodes = await all(`accounting?${range}`);
  type Account = {
    node: string;
    balanced: boolean;
    kernel: { held: number };
    pipeline: { inFlight: number; stored: number };
  };
  expect(
    (nodes as Account[]).map(({ node, balanced, kernel, pipeline }) => [
      node,
      balanced,
      kernel.held,
      pipeline.inFlight,
    ]),
  ).toEqual([
    ['a', false, 0, 2],
    ['b', false, 3, 0],
    ['c', true, 0, 0],
  ]);
  for (const node of nodes) fits('Accounting', node);
  const minutes = await all(`accounting?${range}&cluster=default&node=a&by=minute`);
  expect(
    (minutes as (Account & { minute: string })[]).map(({ minute: at, pipeline }) => [at, pipeline.stored]),
  ).toEqual([
    [minute(1), 1],
    [minute(0), 50],
  ]);
});

test.each([
  'events?kind=nothing',
  'events?until=yesterday',
  'events?nothing=1',
  'incidents?state=closed',
  'incidents?cursor=abc',
  'incidents?limit=1000',
  'nodes?cursor=abc',
  'flows?by=cluster',
  'flows?port=70000',
  'flows?cursor=WyItMSJd',
  'flows?since=2030-01-02T00:00:00Z&until=2030-01-01T00:00:00Z',
  'accounting?since=2020-01-01T00:00:00Z&until=2030-01-01T00:00:00Z',
  'accounting?by=minute',
  'accounting?by=minute&cluster=default&node=a&cursor=WyJhIiwiYiJd',
])('%s is refused with what would be right', async (path) => {
  const response = await call(api, `/api/v1/${path}`);
  const problem = (await response.json()) as { errors?: { pointer: string; expected: string }[] };
  expect([response.status, problem.errors?.every(({ expected }) => expected.length > 0)]).toEqual([400, true]);
});
