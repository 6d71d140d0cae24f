/** Ping meshes through the whole system on a lab: a matrix of real packets, what is broken in it, and the schedule. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PingMeshDocument } from '@netverdict/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Instance } from '../../clients/cli/src/local/instance.ts';
import { repositoryRoot } from '../../clients/cli/src/local/repository.ts';
import { type LabInstance, startLabInstance } from '../testing/lab-instance.ts';

let started: LabInstance;
let instance: Instance;

beforeAll(async () => {
  started = await startLabInstance('mesh', 2);
  ({ instance } = started);
});
afterAll(() => started?.down());

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: never }> {
  const response = await started.rest(method, `/ping-meshes${path}`, body);
  const text = await response.text();
  return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as never };
}
async function until(id: string, holds: (mesh: PingMeshDocument) => boolean): Promise<PingMeshDocument> {
  for (const end = performance.now() + 60_000; ; await sleep(200)) {
    const mesh = (await call('GET', `/${id}`)).body as PingMeshDocument;
    if (holds(mesh)) return mesh;
    if (performance.now() > end) throw new Error(JSON.stringify(mesh));
  }
}
const ENDS = [{ pod: 'default/client' }, { pod: 'default/web-1' }, { node: 'node-2' }];

it('a matrix of pods and a node: everyone reaches everyone, with percentiles, and what is broken shows', async () => {
  const { status, body } = await call('POST', '', { ends: ENDS, attempts: 4 });
  expect(status, JSON.stringify(body)).toBe(202);
  const { rounds } = await until((body as PingMeshDocument).id, ({ state }) => state === 'completed');
  const cells = rounds[0]?.cells ?? [];
  expect(cells.map(({ from, to }) => `${from} → ${to}`)).toHaveLength(6);
  for (const cell of cells) {
    expect(cell).toMatchObject({ sent: 4, answered: 4, loss: 0, outcomes: { answered: 4 }, problem: null });
    const { min, p50, p95, max } = cell.rttMs;
    expect([min, p50, p95, max].every((ms) => ms !== null && ms > 0)).toBe(true);
    expect(p50 ?? 0).toBeLessThanOrEqual(p95 ?? 0);
  }
});

it.each([
  [{ ends: ENDS, protocol: 'tcp' }, 400, /port: is missing/],
  [{ ends: ENDS, port: 80 }, 400, /has no meaning for icmp/],
  [{ ends: [{ pod: 'default/client' }] }, 400, /ends/],
  [{ ends: [{ pod: 'default/client' }, { pod: 'default/nobody' }] }, 404, /no pod named nobody/],
  [{ ends: [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }] }, 400, /all outside/],
  [{ ends: ENDS, everyMs: 5 }, 400, /everyMs/],
])('%j is refused with %i', async (body, status, message) => {
  const answer = await call('POST', '', body);
  expect(answer.status).toBe(status);
  expect((answer.body as { detail: string }).detail).toMatch(message);
});

it('on a schedule there is a round again and again, also after Redis has lost everything, until it is removed', async () => {
  const asked = { ends: ENDS.slice(0, 2), protocol: 'tcp', port: 8080, attempts: 1, everyMs: 10_000 };
  const { id } = (await call('POST', '', asked)).body as PingMeshDocument;
  await until(id, ({ rounds }) => rounds.length >= 2);
  await instance.engines.restart('redis', { signal: 'SIGKILL', wipe: true });
  const before = (await until(id, () => true)).rounds.length;
  const mesh = await until(id, ({ rounds }) => rounds.length > before && rounds[0]?.endedAt !== null);
  expect(mesh.state).toBe('scheduled');
  expect((await call('DELETE', `/${id}`)).status).toBe(204);
  expect((await call('GET', `/${id}`)).status).toBe(404);
}, 150_000);

it('the command prints the matrix, and its exit code says whether anything was lost', () => {
  const env = { ...process.env, NETVERDICT_API: instance.apiUrl, NETVERDICT_TOKEN: instance.token };
  const args = ['ping-mesh', 'default/client', 'default/web-1', '192.0.2.77', '--attempts', '1'];
  const { status, stdout, stderr } = spawnSync(join(repositoryRoot, 'netverdict'), args, { env, encoding: 'utf8' });
  expect(status, stderr).toBe(1);
  expect(stdout).toMatch(/from \\ to/);
  expect(stdout).toMatch(/pod default\/client .* lost/);
});
