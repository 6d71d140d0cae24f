/** `netverdict doctor`, `agents` and `clusters` against a real API with engines that are stopped. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Ended, runCaptured } from '../../clients/cli/src/testing/run-captured.ts';
import type { RunningApi } from '../../services/api/src/service.ts';
import { type Stack, startStack, TOKEN, until } from '../../services/api/src/testing/stack.ts';

let stack: Stack;
let api: RunningApi;
let tokenFile: string;

beforeAll(async () => {
  stack = await startStack();
  api = await stack.startApi();
  tokenFile = join(stack.dir, 'token-of-doctor');
  writeFileSync(tokenFile, TOKEN);
  const agent = { epoch: 'e', version: '0.1.0', kernel: '6.1', lastSeq: 1, lastSeen: new Date().toISOString() };
  const capabilities = ['collect', 'probe', 'probe:drops', 'probe:dns'];
  await api.store.agents.upsert([{ ...agent, capabilities, cluster: 'default', node: 'node-1' }]);
});
afterAll(() => stack?.down());

const netverdict = (...args: string[]): Promise<Ended> =>
  runCaptured([...args, '--api', api.url, '--token-file', tokenFile], {
    NETVERDICT_TOKEN: undefined,
    NETVERDICT_STATE_DIR: stack.dir,
  });

it('says what does not run and what to do, and what cannot be told has an exit code of its own', async () => {
  await until(async () => (await netverdict('doctor')).code === 1, 30_000);
  const { out } = await netverdict('doctor');
  expect(out).toMatch(/✗ \d of \d+ checks need a look/);
  expect(out).toMatch(/✗ simulator: is not heard: no diagnosis comes to a verdict\n +Start it, or read/);
  expect(out).toMatch(/! capabilities: missing: capture on default\/node-1\n +Build/);
  expect(out).toMatch(/✓ nats: answers the api/);
  await stack.engines.stopEngine('redis');
  await until(async () => /✗ redis: does not answer the api/.test((await netverdict('doctor')).out));
  await stack.engines.restart('redis');
});

it('the JSON says the same', async () => {
  const { code, out } = await netverdict('doctor', '--json');
  const { state, checks } = JSON.parse(out) as { state: string; checks: { name: string; state: string }[] };
  expect([code, state]).toEqual([1, 'failed']);
  expect(checks.find(({ name }) => name === 'simulator')?.state).toBe('failed');
});

it('an API that does not answer is exit code 4, and the report says so too', async () => {
  const { code, out } = await runCaptured(
    ['doctor', '--json', '--api', 'http://127.0.0.1:9', '--token-file', tokenFile],
    { NETVERDICT_TOKEN: undefined, NETVERDICT_STATE_DIR: stack.dir },
  );
  expect(code).toBe(4);
  expect(JSON.parse(out)).toMatchObject({
    state: 'failed',
    checks: [{ name: 'api', remedy: expect.stringContaining('netverdict up') }],
  });
});

it('agents and clusters are tables', async () => {
  const agents = await netverdict('agents');
  expect([agents.code, agents.out]).toEqual([0, expect.stringMatching(/node-1 +quiet .*6\.1 +collect, probe; 2 eBPF/)]);
  const clusters = await netverdict('clusters', '--json');
  expect(JSON.parse(clusters.out)).toMatchObject([{ name: 'default', state: 'unserved', nodes: 1 }]);
});
