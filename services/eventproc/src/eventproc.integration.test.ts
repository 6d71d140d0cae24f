import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AnomalyBatch } from '@netverdict/contracts';
import { type Engines, removeEngines, startEngines } from '@netverdict/embedded';
import { type Bus, connectBus } from '@netverdict/messaging';
import { openStore, type Store } from '@netverdict/store';
import { inSpan, startLightTracing, traceId } from '@netverdict/telemetry';
import { afterAll, beforeAll, expect, test } from 'vitest';

const dir = mkdtempSync(join(tmpdir(), 'nv-eventproc-'));
let engines: Engines;
let store: Store;
let agent: Bus;
const services: { readonly pid: number; readonly ended: Promise<number | null>; readonly log: string[] }[] = [];

const natsUser = { role: 'agent', cluster: 'default', node: 'node-1' } as const;
beforeAll(async () => {
  engines = await startEngines({
    dir,
    only: ['nats', 'postgres'],
    clusters: [{ name: 'default', nodes: ['node-1'] }],
  });
  store = openStore({ connectionString: engines.databaseUrl, maxConnections: 2 });
  agent = await connectBus({ url: engines.natsUrl, nkeySeedFile: engines.natsKeyFile(natsUser), user: natsUser });
  startService();
  startService();
  await until(() => services.every(({ log }) => log.some((line) => line.includes('"msg":"started"'))), 30_000);
}, 60_000);
afterAll(async () => {
  await agent?.close();
  await store?.close();
  for (const { pid, ended } of services) {
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      // It has ended already.
    }
    await ended;
  }
  await engines?.stop();
  await removeEngines(dir);
});

/** The real process, as `make up` starts it. */
function startService(): void {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env.PATH ?? '',
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      NETVERDICT_NATS_URL: engines.natsUrl,
      NETVERDICT_NATS_NKEY_FILE: engines.natsKeyFile({ role: 'eventproc' }),
      NETVERDICT_DATABASE_URL: engines.databaseUrl,
      NETVERDICT_LOG_LEVEL: 'debug',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const log: string[] = [];
  child.stdout.on('data', (data: Buffer) => void log.push(...data.toString().split('\n')));
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  services.push({ pid: child.pid ?? 0, ended, log });
}

async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${condition}`);
    await pause(20);
  }
}

const batch = (seq: number): AnomalyBatch => ({
  node: 'node-1',
  epoch: 'e1',
  seq,
  anomalies: [0, 1].map((i) => ({
    kind: 'tcp-reset-sent' as const,
    netns: 4026531840 + i,
    pod: i === 0 ? null : { namespace: 'shop', name: 'web-1' },
    count: seq,
    windowStart: '2026-01-01T00:00:00.000Z',
    windowEnd: '2026-01-01T00:00:05.000Z',
  })),
});
/** @param id of the message; JetStream's own deduplication is passed by with another */
const report = (seq: number, id = `default/node-1/e1/${seq}`) =>
  agent.publish('anomaly-batch', 'default', batch(seq), { id, deadlineMs: 30_000 });
const stored = async (): Promise<readonly string[]> => {
  const events = await store.events.list({ cluster: 'default', limit: 1000 });
  return events.map((e) => e.id).sort();
};

test('a batch becomes rows, once, although it comes twice', async () => {
  await report(1);
  await report(1, 'again');
  await report(2);
  await until(async () => (await stored()).length >= 4);
  await pause(200);
  expect(await stored()).toEqual(['1/0', '1/1', '2/0', '2/1'].map((e) => `default/node-1/e1/${e}`));
});

test('two replicas share the batches', async () => {
  for (let seq = 100; seq < 140; seq++) await report(seq);
  await until(async () => (await stored()).length >= 84);
  const handled = services.map(({ log }) => log.filter((line) => line.includes('batch stored')).length);
  expect(Math.min(...handled)).toBeGreaterThan(2);
});

test('the service carries on the trace of whoever published', async () => {
  startLightTracing();
  let sent: string | null = null;
  await inSpan('a round of the agent', {}, async () => {
    sent = traceId();
    await report(150);
  });
  const lines = () => services.flatMap(({ log }) => log.filter((line) => line.includes('"seq":150')));
  await until(() => lines().length > 0);
  expect(sent).toMatch(/^[0-9a-f]{32}$/);
  expect(JSON.parse(lines()[0] ?? '{}')).toMatchObject({ traceId: sent });
});

test('a heartbeat shows in the table of agents', async () => {
  const heartbeat = {
    node: 'node-1',
    epoch: 'e1',
    version: '0.1.0',
    kernel: '6.1',
    lastSeq: 3,
    capabilities: ['procfs'],
  };
  await agent.publishCore('agent-heartbeat', 'default', heartbeat, { id: 'h' });
  await until(async () => (await store.agents.list({})).length === 1);
  const [row] = await store.agents.list({});
  expect(row).toMatchObject({ cluster: 'default', node: 'node-1', lastSeq: 3, capabilities: ['procfs'] });
});

test('nothing is lost while PostgreSQL is away', async () => {
  const before = (await stored()).length;
  await engines.stopEngine('postgres', 'SIGKILL');
  await report(200);
  await pause(1500);
  await engines.startEngine('postgres');
  await until(async () => (await stored().catch(() => [])).length === before + 2, 20_000);
});

test('it goes on after NATS was killed and has lost its data', async () => {
  const before = (await stored()).length;
  await engines.restart('nats', { signal: 'SIGKILL', wipe: true });
  await report(300);
  await until(async () => (await stored()).length === before + 2, 20_000);
});

test('it stops within 5 s when told to', async () => {
  const [first] = services;
  const begin = performance.now();
  process.kill(first?.pid ?? 0, 'SIGTERM');
  expect(await first?.ended).toBe(0);
  expect(performance.now() - begin).toBeLessThan(5000);
});
