/** Captures through the whole system on a lab: REST, command line, agent, object store, and what fails on the way. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CaptureDocument } from '@netverdict/contracts';
import type { Lab } from '@netverdict/lab';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Instance } from '../../clients/cli/src/local/instance.ts';
import { repositoryRoot } from '../../clients/cli/src/local/repository.ts';
import { readPcapng } from '../../services/collector-agent/src/testing/pcapng.ts';
import { type LabInstance, startLabInstance } from '../testing/lab-instance.ts';

let started: LabInstance;
let lab: Lab;
let instance: Instance;
let dir: string;

beforeAll(async () => {
  started = await startLabInstance('cap', 2);
  ({ lab, instance, dir } = started);
});
afterAll(() => started?.down());

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const response = await started.rest(method, `/captures${path}`, body);
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
}
const begin = async (body: unknown): Promise<CaptureDocument> => {
  const answer = await call('POST', '', body);
  if (answer.status !== 201) throw new Error(JSON.stringify(answer));
  return answer.body as CaptureDocument;
};
async function until(id: string, holds: (capture: CaptureDocument) => boolean): Promise<CaptureDocument> {
  for (const end = performance.now() + 30_000; ; await sleep(100)) {
    const { body } = await call('GET', `/${id}`);
    if (holds(body as CaptureDocument)) return body as CaptureDocument;
    if (performance.now() > end) throw new Error(`not in time: ${JSON.stringify(body)}`);
  }
}
async function packetsOf(id: string): Promise<Buffer> {
  const url = `${instance.apiUrl}/api/v1/captures/${id}/packets`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${instance.token}` } });
  expect(response.headers.get('content-type')).toBe('application/x-pcapng');
  return Buffer.from(await response.arrayBuffer());
}
const send = (count = 5): Promise<unknown> =>
  lab.probe({
    from: { pod: 'default/client' },
    to: { address: lab.pods.find(({ name }) => name === 'web-1')?.address ?? '', port: 8080 },
    protocol: 'tcp',
    count,
    timeoutMs: 1000,
  });

it('packets of a pod, by REST: begun, followed, stopped, downloaded, removed', async () => {
  const begun = await begin({ pod: 'default/client', filter: 'tcp port 8080', durationMs: 60_000 });
  expect(begun).toMatchObject({ target: 'pod default/client', state: 'running', filter: 'tcp port 8080' });
  expect(begun.interfaces).toContain('eth0');
  await send();
  await until(begun.id, ({ packets }) => packets > 10);
  // What is there so far can be had while it runs.
  expect(readPcapng(await packetsOf(begun.id))[0]?.packets.length).toBeGreaterThan(10);
  const stopped = await call('POST', `/${begun.id}/stop`);
  expect(stopped.body).toMatchObject({ state: 'completed', reason: 'stopped' });
  const { packets, bytes } = stopped.body as CaptureDocument;
  const file = await packetsOf(begun.id);
  expect(file).toHaveLength(bytes);
  const [section] = readPcapng(file);
  expect(section?.packets).toHaveLength(packets);
  expect(section?.interfaces.map(({ description }) => description)).toContain(`pod default/client on ${begun.node}`);
  const list = (await call('GET', '?state=completed')).body as { items: CaptureDocument[] };
  expect(list.items.map(({ id }) => id)).toContain(begun.id);
  expect((await call('DELETE', `/${begun.id}`)).status).toBe(204);
  expect((await call('GET', `/${begun.id}`)).status).toBe(404);
});

it.each([
  [{ pod: 'default/client', filter: 'tcp prot 80' }, 400, /filter: can't parse filter expression: syntax error/],
  [{ pod: 'default/client', interface: 'eth9' }, 400, /there is no interface eth9/],
  [{ pod: 'default/cleint' }, 404, /Did you mean pod default\/client/],
  [{ node: 'node-9' }, 404, /none named node-9/],
  [{ pod: 'default/client', node: 'node-1' }, 400, /exactly one of them/],
  [{ pod: 'default/client', durationMs: 0 }, 400, /durationMs/],
  [{ pod: 'default/client', files: 64, maxBytes: 67_108_864 }, 400, /more than a capture may take/],
  [{ pod: 'default/client', filtre: 'tcp' }, 400, /is not a known field/],
])('%j is refused with %i', async (body, status, message) => {
  const before = ((await call('GET', '')).body as { items: unknown[] }).items.length;
  const answer = await call('POST', '', body);
  expect(answer.status).toBe(status);
  expect((answer.body as { detail: string }).detail).toMatch(message);
  expect(((await call('GET', '')).body as { items: unknown[] }).items).toHaveLength(before);
});

it('the command writes a file of a node’s packets, and Ctrl-C ends it with what it has', async () => {
  const out = join(dir, 'node.pcapng');
  const args = ['capture', '--node', 'node-1', '--filter', 'tcp port 8080', '--duration', '5m', '--out', out];
  const child = spawn(join(repositoryRoot, 'netverdict'), args, {
    env: { ...process.env, NO_COLOR: '1', NETVERDICT_API: instance.apiUrl, NETVERDICT_TOKEN: instance.token },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said += data.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  for (const end = performance.now() + 30_000; !/[1-9]\d* packets/.test(said); await sleep(200)) {
    if (performance.now() > end) throw new Error(said);
    if (said.includes('cap_')) await send(2);
  }
  expect(existsSync(out)).toBe(false);
  child.kill('SIGINT');
  expect(await ended, said).toBe(0);
  expect(said).toMatch(/packets.*: it was stopped\nwritten to /);
  const [section] = readPcapng(readFileSync(out));
  expect(section?.packets.length).toBeGreaterThan(0);
  expect(section?.comment).toMatch(/^node node-1, filter: tcp port 8080; cap_/);
});

it('a filter that does not compile ends the command with libpcap’s message and nothing written', async () => {
  const out = join(dir, 'none.pcapng');
  const child = spawn(
    join(repositoryRoot, 'netverdict'),
    ['capture', '--pod', 'default/client', '--filter', 'port 99999', '--out', out],
    { env: { ...process.env, NETVERDICT_API: instance.apiUrl, NETVERDICT_TOKEN: instance.token } },
  );
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said += data.toString();
  });
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(3);
  expect(said).toContain('illegal port number 99999 > 65535');
  expect(existsSync(out)).toBe(false);
});

it('an api and NATS killed in the middle: the capture goes on, and ends with all that the kernel took', async () => {
  const { id } = await begin({ pod: 'default/client', filter: 'tcp port 8080', durationMs: 120_000 });
  await send();
  await until(id, ({ packets }) => packets > 10);
  const pid = instance.services.pidOf('api');
  if (pid === null) throw new Error('no api');
  process.kill(pid, 'SIGKILL');
  await instance.engines.restart('nats', { signal: 'SIGKILL' });
  await send();
  // While the two come back, it cannot be asked.
  for (const end = performance.now() + 30_000; ; await sleep(200)) {
    const answer = await call('POST', `/${id}/stop`).catch(() => null);
    if (answer?.status === 200) break;
    if (performance.now() > end) throw new Error(JSON.stringify(answer));
  }
  const { state, packets } = await until(id, (capture) => capture.state !== 'running');
  expect(state).toBe('completed');
  expect(readPcapng(await packetsOf(id))[0]?.packets).toHaveLength(packets);
});

it('an agent that dies ends its captures as failed, with what was stored', async () => {
  const { id, node } = await begin({ pod: 'default/client', filter: 'tcp port 8080', durationMs: 120_000 });
  await send();
  await until(id, ({ packets }) => packets > 10);
  const pid = instance.services.pidOf(`collector-agent@${node}`);
  if (pid === null) throw new Error('no agent');
  process.kill(pid, 'SIGKILL');
  // The new agent does not know it: asked to stop, it says so.
  for (const end = performance.now() + 30_000; ; await sleep(200)) {
    const { status, body } = await call('POST', `/${id}/stop`);
    if (status === 200) {
      expect(body).toMatchObject({ state: 'failed', reason: expect.stringMatching(/restarted/) });
      break;
    }
    if (performance.now() > end) throw new Error(JSON.stringify(body));
  }
  expect(readPcapng(await packetsOf(id))[0]?.packets.length).toBeGreaterThan(10);
});
