/** What is installed, and what is wrong with it, told with real engines that are stopped. */
import { EVERY_CLUSTER, type HealthCheck, type InstallationHealth } from '@netverdict/contracts';
import { announceService } from '@netverdict/messaging';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningApi } from './service.ts';
import { silentLog } from './testing/silent.ts';
import { call, post, QUESTION, type Stack, startStack, until } from './testing/stack.ts';

let stack: Stack;
let api: RunningApi;
beforeAll(async () => {
  stack = await startStack();
  api = await stack.startApi();
}, 90_000);
afterAll(() => stack?.down());

async function health(): Promise<InstallationHealth> {
  const response = await call(api, '/api/v1/health');
  expect(response.status).toBe(200);
  return (await response.json()) as InstallationHealth;
}
const check = async (name: string): Promise<HealthCheck['state'] | undefined> =>
  (await health()).checks.find((one) => one.name === name)?.state;

test('the version wants no token', async () => {
  const response = await fetch(`${api.url}/version`);
  expect([response.status, await response.json()]).toEqual([
    200,
    { version: expect.stringMatching(/^\d+\.\d+\.\d+$/), api: 'v1', node: process.version },
  ]);
});

test('metrics want no token, and tell requests by route, messages by outcome, and diagnoses by their end', async () => {
  expect((await post(api, QUESTION, { prefer: 'wait=20' })).status).toBe(200);
  await call(api, '/api/v1/diagnoses/dg_nonsense');
  let text = '';
  await until(async () => {
    const response = await fetch(`${api.url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    text = await response.text();
    return text.includes('netverdict_messages_handled_total{message="verdict",outcome="done"} 1');
  });
  expect(text).toContain('netverdict_service_info{service="api",version="0.1.0"} 1');
  expect(text).toContain('netverdict_diagnoses_finished_total{ending="reachable"} 1');
  expect(text).toMatch(
    /netverdict_http_request_seconds_count\{method="POST",route="\/api\/v1\/diagnoses",status="200"\} 1/,
  );
  expect(text).toMatch(
    /netverdict_http_request_seconds_count\{method="GET",route="\/api\/v1\/diagnoses\/:id",status="40\d"\} 1/,
  );
  expect(text).toMatch(/netverdict_message_seconds_count\{message="verdict"\} 1/);
  expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
});

test('replicas are known while they run, each with what it cannot reach', async () => {
  await until(async () => (await health()).services.filter(({ service }) => service === 'api').length === 1);
  const second = await stack.startApi();
  await until(async () => (await health()).services.filter(({ service }) => service === 'api').length === 2);
  await second.close();
  await until(async () => (await health()).services.filter(({ service }) => service === 'api').length === 1);

  // Who has just begun to listen cannot say that nobody is there.
  await until(async () => (await check('simulator')) === 'failed');
  const about = { version: '0.0.9', log: silentLog, everyMs: 100 };
  let kubernetes = false;
  const simulator = announceService(stack.pipeline.simulator, {
    ...{ ...about, service: 'simulator', cluster: null, dependencies: () => Promise.resolve([]) },
  });
  const topology = announceService(stack.pipeline.topology, {
    ...{ ...about, service: 'topology', cluster: 'default' },
    dependencies: () => Promise.resolve([{ name: 'kubernetes', reachable: kubernetes }]),
  });
  await until(async () => (await check('simulator')) === 'passed');
  await until(async () => (await health()).clusters?.[0]?.state === 'served');
  expect([await check('topology of default'), await check('versions')]).toEqual(['failed', 'warning']);
  kubernetes = true;
  await until(async () => (await check('topology of default')) === 'passed');
  await Promise.all([simulator.stop(), topology.stop()]);
  await until(async () => (await check('simulator')) === 'failed');
});

test('a body of another service than its subject is not believed', async () => {
  const { simulator } = stack.pipeline;
  const body = { replica: 'x', version: '1', startedAt: new Date().toISOString(), dependencies: [] };
  await simulator.publishCore(
    'service-heartbeat',
    EVERY_CLUSTER,
    { ...body, service: 'eventproc' },
    { id: 'x/1', service: 'simulator' },
  );
  await simulator.publishCore(
    'service-heartbeat',
    EVERY_CLUSTER,
    { ...body, service: 'simulator', replica: 'y' },
    { id: 'y/1', service: 'simulator' },
  );
  await until(async () => (await health()).services.some(({ replica }) => replica === 'y'));
  expect((await health()).services.map(({ replica }) => replica)).not.toContain('x');
});

test('agents are listed with state and clock, and make their cluster known', async () => {
  const at = new Date().toISOString();
  const agent = { epoch: 'e', version: '0.1.0', kernel: '6.1', lastSeq: 1, capabilities: ['collect'], lastSeen: at };
  await api.store.agents.upsert([
    { ...agent, cluster: 'east', node: 'n1', details: { clockOffsetMs: -7000 } },
    { ...agent, cluster: 'east', node: 'n2', lastSeen: '2026-01-01T00:00:00Z', watch: 'no BTF' },
  ]);
  const { items } = (await (await call(api, '/api/v1/agents?cluster=east')).json()) as { items: unknown };
  expect(items).toMatchObject([
    { node: 'n1', state: 'quiet', clockOffsetMs: -7000, watch: null },
    { node: 'n2', state: 'silent', clockOffsetMs: null, watch: 'no BTF' },
  ]);
  const clusters = (await (await call(api, '/api/v1/clusters?cluster=east')).json()) as { items: unknown };
  expect(clusters.items).toEqual([
    {
      ...{ name: 'east', state: 'unserved', nodes: 2, agents: { reporting: 0, quiet: 1, silent: 1 } },
      ...{ versions: ['0.1.0'], topologies: 0, lastSeen: at },
    },
  ]);
  expect([await check('clocks'), await check('agents'), await check('topology of east')]).toEqual([
    ...['failed', 'failed', 'failed'],
  ]);
});

test.each(['redis', 'nats', 'postgres'] as const)('%s stopped is told, and that it is back', async (engine) => {
  const name = engine === 'postgres' ? 'postgresql' : engine;
  await until(async () => (await check(name)) === 'passed');
  await stack.engines.stopEngine(engine);
  await until(async () => (await check(name)) === 'failed');
  const told = await health();
  expect(told.state).toBe('failed');
  expect(told.checks.find((one) => one.name === name)?.remedy).toMatch(/NETVERDICT_/);
  if (engine === 'postgres') expect(told.clusters).toBeNull();
  await stack.engines.restart(engine);
  await until(async () => (await check(name)) === 'passed');
});
