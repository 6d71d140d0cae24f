/** The whole agent as a process on a real NATS: collects host and pod, reports anomalies until acknowledged, stops in time. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sectionDigest } from '@netverdict/collect';
import type { AnomalyBatch, CollectChunk } from '@netverdict/contracts';
import { canonicalText, sectionKinds } from '@netverdict/linux-net';
import { connectBus } from '@netverdict/messaging';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type FlannelNode, flannelNode } from './testing/flannel-node.ts';

const folder = mkdtempSync(join(tmpdir(), 'nv-agent-'));
let lab: FlannelNode;
let nats: ChildProcess;
let agent: ChildProcess;
let url: string;
let output = '';

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

beforeAll(async () => {
  lab = flannelNode();
  const port = await freePort();
  url = `nats://127.0.0.1:${port}`;
  nats = spawn('nats-server', ['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', folder], { stdio: 'ignore' });
  agent = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: {
      ...process.env,
      NETVERDICT_NODE: 'node-1',
      NETVERDICT_NATS_URL: url,
      NETVERDICT_HOST_NETNS: lab.node.path,
      NETVERDICT_CRI_ENDPOINT: `unix://${folder}/no-runtime.sock`,
      NETVERDICT_WATCH_INTERVAL_MS: '200',
      NETVERDICT_HEALTH_LISTEN: '127.0.0.1:0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  agent.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await vi.waitFor(() => expect(output).toContain('"msg":"started"'), { timeout: 20_000, interval: 50 });
});
afterAll(() => {
  agent?.kill('SIGKILL');
  nats?.kill('SIGKILL');
  lab?.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(knownDigests: string[]): Promise<CollectChunk[]> {
  const bus = await connectBus({ url, user: { role: 'topology', cluster: 'default' } });
  const chunks: CollectChunk[] = [];
  const body = {
    targets: [{ kind: 'host' as const }, { kind: 'pod' as const, namespace: 'shop', name: 'cart' }],
    maxAgeMs: 0,
    knownDigests,
    flows: [],
    deadlineMs: 8000,
  };
  const to = { cluster: 'default', node: 'node-1' };
  for await (const chunk of bus.requestStream('collect', to, body, { timeoutMs: 9000, id: 'test' })) chunks.push(chunk);
  await bus.close();
  return chunks;
}

it('answers with manifest, texts and end; what is known is not sent again', async () => {
  const chunks = await ask([]);
  const [manifest] = chunks;
  if (manifest?.kind !== 'manifest') throw new Error(JSON.stringify(manifest));
  expect(chunks.at(-1)).toEqual({ kind: 'end' });
  const [host, pod] = manifest.node.namespaces;
  expect(host?.sections.flatMap((s) => ('missing' in s ? [s.kind] : []))).toEqual(['conntrack']);
  expect(pod?.sections[0]).toMatchObject({ missing: expect.stringMatching(/^the container runtime did not answer/) });
  const digests: string[] = [];
  for (const chunk of chunks) {
    if (chunk.kind !== 'section') continue;
    digests.push(chunk.digest);
    expect(sectionDigest(chunk.sectionKind, chunk.text)).toBe(chunk.digest);
    expect(canonicalText(chunk.sectionKind, chunk.text)).toBeDefined();
  }
  expect(digests).toHaveLength(sectionKinds.length - 1);
  expect((await ask(digests)).map((c) => c.kind)).toEqual(['manifest', 'end']);
});

it('anomalies wait for the stream, and name the namespace', async () => {
  const bus = await connectBus({ url, user: { role: 'eventproc' } });
  const batches: AnomalyBatch[] = [];
  const consumption = bus.consume('anomaly-batch', async (body) => {
    batches.push(body);
  });
  try {
    await vi.waitFor(() => expect(batches.flatMap((b) => b.anomalies.map((a) => a.kind))).toContain('agent-started'), {
      timeout: 20_000,
      interval: 100,
    });
    // Connections that nobody listens for: each is answered with a reset.
    lab.node.run([
      'python3',
      '-c',
      "import socket\nfor i in range(20):\n s=socket.socket()\n try: s.connect(('127.0.0.1',9))\n except OSError: pass\n",
    ]);
    await vi.waitFor(() => expect(batches.flatMap((b) => b.anomalies.map((a) => a.kind))).toContain('tcp-reset-sent'), {
      timeout: 20_000,
      interval: 100,
    });
    const seqs = batches.map((b) => b.seq);
    expect(seqs).toEqual(seqs.map((_, i) => i + 1));
  } finally {
    await consumption.stop();
    await bus.close();
  }
});

it('its heartbeat says what it can do', async () => {
  const bus = await connectBus({ url, user: { role: 'eventproc' } });
  const heard: string[][] = [];
  const hearing = bus.subscribeCore(
    'agent-heartbeat',
    { cluster: null },
    ({ capabilities }) => void heard.push(capabilities),
  );
  try {
    await vi.waitFor(() => expect(heard.at(-1)).toEqual(expect.arrayContaining(['collect', 'capture', 'probe'])), {
      timeout: 20_000,
    });
  } finally {
    await hearing.stop();
    await bus.close();
  }
});

it('serves its metrics and its health', async () => {
  const port = /"port":(\d+),"msg":"health is served"/.exec(output)?.[1];
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(text).toMatch(/^netverdict_tcp_out_rsts_total \d\d+$/m);
  expect(text).toMatch(/^netverdict_anomalies_total\{kind="tcp-reset-sent",reason="[^"]*"\} \d+$/m);
  expect(text).toMatch(/^netverdict_agent_memory_bytes \d+$/m);
  expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).json()).toEqual({ status: 'ok' });
});

it('stops in good order, taking its helper with it', async () => {
  const exited = new Promise<number | null>((resolve) => agent.once('exit', resolve));
  agent.kill('SIGTERM');
  expect(await exited).toBe(0);
});
