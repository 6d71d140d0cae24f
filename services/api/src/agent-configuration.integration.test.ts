/** Probes configured by REST, on real engines and with a real agent: applied at run time, and in force again after agent and api were killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { AgentHeartbeat } from '@netverdict/contracts';
import { type Bus, connectBus } from '@netverdict/messaging';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningApi } from './service.ts';
import { call, type Stack, startStack, until } from './testing/stack.ts';

let stack: Stack;
let api: RunningApi;
let ears: Bus;
let agent: ChildProcess;
const heartbeats: AgentHeartbeat[] = [];
const last = (): AgentHeartbeat | undefined => heartbeats.at(-1);
const probe = (name: string) => last()?.probes?.find((one) => one.name === name);

async function startAgent(): Promise<ChildProcess> {
  const user = { role: 'agent', cluster: 'default', node: 'node-1' } as const;
  await stack.engines.addNode('default', 'node-1');
  return spawn(process.execPath, [fileURLToPath(new URL('../../collector-agent/src/main.ts', import.meta.url))], {
    env: {
      PATH: process.env.PATH ?? '',
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      NETVERDICT_NODE: 'node-1',
      NETVERDICT_NATS_URL: stack.engines.natsUrl,
      NETVERDICT_NATS_NKEY_FILE: stack.engines.natsKeyFile(user),
      NETVERDICT_HOST_NETNS: '/proc/self/ns/net',
      NETVERDICT_CRI_ENDPOINT: 'unix:///nowhere/cri.sock',
      NETVERDICT_HEALTH_LISTEN: 'off',
      NETVERDICT_LOG_LEVEL: 'warn',
      NETVERDICT_PARENT_PID: `${process.pid}`,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

beforeAll(async () => {
  stack = await startStack();
  api = await stack.startApi();
  ears = await connectBus({
    url: stack.engines.natsUrl,
    user: { role: 'eventproc' },
    nkeySeedFile: stack.engines.natsKeyFile({ role: 'eventproc' }),
  });
  ears.subscribeCore('agent-heartbeat', { cluster: null }, (heartbeat) => void heartbeats.push(heartbeat));
  agent = await startAgent();
}, 60_000);
afterAll(async () => {
  agent?.kill('SIGKILL');
  await ears?.close();
  await stack?.down();
});

const PATH = '/api/v1/agent-configuration';
const put = (body: unknown): Promise<Response> =>
  call(api, PATH, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const get = async (path: string): Promise<unknown> => (await call(api, path)).json();

test('a change reaches the node within moments; what it has of its own goes over what all have', async () => {
  await until(() => probe('dns')?.state === 'off' && last()?.configuration?.version === 0, 30_000);
  const all = await put({ probes: { dns: { enabled: true }, connects: { threshold: 1000 } }, reason: 'slow names' });
  expect(await all.json()).toMatchObject({ version: 1, all: { dns: { enabled: true } }, nodes: {} });
  await until(() => last()?.configuration?.version === 1 && probe('dns')?.state === 'on');
  const own = { connects: { threshold: 2000, filter: { port: 443, protocol: 'tcp' } } };
  expect((await put({ nodes: ['node-1'], probes: own })).status).toBe(200);
  await until(() => last()?.configuration?.version === 2 && probe('connects')?.settings?.threshold === 2000);
  expect(probe('connects')).toMatchObject({
    state: 'on',
    settings: { threshold: 2000, filter: 'port 443 tcp', because: 'configuration' },
  });
  // Another node's is not ours: the version that is in force here stays.
  expect((await put({ nodes: ['node-2'], probes: { drops: { enabled: false } } })).status).toBe(200);
  expect(await get(`${PATH}?node=node-1`)).toEqual({
    cluster: 'default',
    version: 3,
    all: { dns: { enabled: true }, connects: { threshold: 1000 } },
    nodes: { 'node-1': own, 'node-2': { drops: { enabled: false } } },
    effective: { version: 2, probes: { dns: { enabled: true }, connects: own.connects } },
  });
  expect(last()?.configuration).toEqual({ version: 2, problems: [] });
});

test('what only this kernel can refuse is told in the heartbeat', async () => {
  await put({ nodes: ['node-1'], probes: { drops: { filter: { exclude: ['NO_SUCH_REASON'] } } } });
  // A heartbeat between the two tells of the version while the kernel is being asked.
  await until(() => last()?.configuration?.version === 4 && last()?.configuration?.problems.length === 1);
  expect(last()?.configuration?.problems).toEqual([
    { probe: 'drops', setting: 'filter.exclude', problem: 'this kernel has no such reason' },
  ]);
});

test('agent and api killed: the configuration is in force again', async () => {
  agent.kill('SIGKILL');
  heartbeats.length = 0;
  agent = await startAgent();
  await until(() => last()?.configuration?.version === 4 && probe('dns')?.state === 'on', 30_000);
  await api.close();
  agent.kill('SIGKILL');
  heartbeats.length = 0;
  agent = await startAgent();
  await until(() => probe('dns')?.state === 'off', 30_000);
  expect(last()?.configuration?.version).toBe(0);
  api = await stack.startApi();
  await until(() => last()?.configuration?.version === 4 && probe('dns')?.state === 'on', 30_000);
}, 120_000);

test('a version that is not in force any more is refused, and every change is on record', async () => {
  const late = await put({ probes: {}, ifVersion: 1 });
  expect(late.status).toBe(409);
  expect(await late.json()).toMatchObject({ title: 'Another change came before' });
  const first = (await get(`${PATH}/history?limit=3`)) as { items: { version: number }[]; nextCursor: string };
  const rest = (await get(`${PATH}/history?cursor=${first.nextCursor}`)) as { items: unknown[]; nextCursor: null };
  expect(first.items.map(({ version }) => version)).toEqual([4, 3, 2]);
  expect(rest).toMatchObject({
    items: [{ version: 1, nodes: null, reason: 'slow names', changedBy: expect.stringMatching(/^[0-9a-f]{16}$/) }],
    nextCursor: null,
  });
});

const refused: readonly [string, unknown, string, RegExp][] = [
  ['an unknown probe', { probes: { dropss: {} } }, '/probes/dropss', /one of drops, /],
  ['an unknown setting', { probes: { drops: { treshold: 1 } } }, '/probes/drops/treshold', /one of enabled, threshold/],
  [
    'a filter that does not parse',
    { probes: { drops: { filter: { address: '10.0.0/8' } } } },
    '/probes/drops/filter/address',
    /10\.244\.0\.0\/16/,
  ],
  [
    'an unknown protocol',
    { probes: { drops: { filter: { protocol: 'gre' } } } },
    '/probes/drops/filter/protocol',
    /tcp, udp, icmp or icmpv6/,
  ],
  ['a threshold that there is not', { probes: { udp: { threshold: 4 } } }, '/probes/udp/threshold', /connects, /],
  ['one of too few', { probes: { drops: { oneIn: 0 } } }, '/probes/drops/oneIn', /1/],
  ['no probes at all', {}, '/probes', /./],
];
test.each(refused)('%s is refused with what would be right', async (_, body, pointer, expected) => {
  const answer = await put(body);
  expect(answer.status).toBe(400);
  const { errors } = (await answer.json()) as { errors: { pointer: string; expected: string }[] };
  expect(errors[0]?.pointer).toBe(pointer);
  expect(errors[0]?.expected).toMatch(expected);
});
