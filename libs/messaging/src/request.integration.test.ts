import { setTimeout as pause } from 'node:timers/promises';
import type { CollectChunk, CollectRequest } from '@netverdict/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bus, ConnectionLost, NoResponder, RequestTimeout } from './index.ts';
import { agent, startTestBus, type TestBus, TOPOLOGY, until } from './testing.ts';

let nats: TestBus;
let topology: Bus;
beforeAll(async () => {
  nats = await startTestBus();
  topology = await nats.connect(TOPOLOGY);
});
afterAll(() => nats?.down());

const ask: CollectRequest = { targets: [{ kind: 'host' }], maxAgeMs: 0, knownDigests: [], flows: [], deadlineMs: 1000 };
const section = (part: number, text: string): CollectChunk => ({
  kind: 'section',
  sectionKind: 'iptables-save',
  digest: 'sha256:00',
  part,
  parts: 40,
  text,
});

async function collect(node: string, timeoutMs = 5000): Promise<CollectChunk[]> {
  const chunks: CollectChunk[] = [];
  for await (const chunk of topology.requestStream('collect', { cluster: 'default', node }, ask, {
    timeoutMs,
    id: 'r',
  }))
    chunks.push(chunk);
  return chunks;
}

/** Of an agent that has just begun to serve: the server may not know of it yet. */
async function collectSoon(node: string, timeoutMs?: number): Promise<CollectChunk[]> {
  for (const end = performance.now() + 20_000; ; await pause(10))
    try {
      return await collect(node, timeoutMs);
    } catch (error) {
      if (!(error instanceof NoResponder) || performance.now() > end) throw error;
    }
}

test('a request to a node without an agent fails at once', async () => {
  await expect(collect('node-2', 600_000)).rejects.toThrow(NoResponder);
});

test('an agent that is silent is given up at the deadline', async () => {
  const bus = await nats.connect(agent('node-1'));
  const given = Promise.withResolvers<void>();
  const serving = bus.serve('collect', { cluster: 'default', node: 'node-1' }, () => given.promise);
  await expect(collectSoon('node-1', 300)).rejects.toThrow(RequestTimeout);
  given.resolve();
  await serving.stop();
});

test('an answer of many large chunks comes whole and in order, and as its own node only', async () => {
  const bus = await nats.connect(agent('node.with.dots'));
  const text = '-A KUBE-SERVICES -d 10.96.0.1/32 -j KUBE-SVC-X\n'.repeat(11_000);
  const where = { cluster: 'default', node: 'node.with.dots' };
  const serving = bus.serve('collect', where, async (body, reply) => {
    expect(body.targets).toEqual([{ kind: 'host' }]);
    for (let part = 0; part < 40; part++) await reply(section(part, text));
    await reply({ kind: 'end' });
  });
  const chunks = await collectSoon('node.with.dots', 20_000);
  expect(chunks.map((c) => (c.kind === 'section' ? c.part : c.kind))).toEqual([...Array(40).keys(), 'end']);
  expect(chunks.every((c) => c.kind !== 'section' || c.text === text)).toBe(true);
  await serving.stop();
});

test('an agent whose handler throws answers with its error', async () => {
  const bus = await nats.connect(agent('node-1'));
  const serving = bus.serve('collect', { cluster: 'default', node: 'node-1' }, async (_body, reply) => {
    await reply(section(0, 'x'));
    throw new Error('the helper is not built');
  });
  const chunks = await collectSoon('node-1');
  expect(chunks.at(-1)).toEqual({ kind: 'error', message: 'the helper is not built' });
  await serving.stop();
});

test('heartbeats are heard by every replica', async () => {
  const bus = await nats.connect(agent('node-1'));
  const second = await nats.connect(TOPOLOGY);
  const heard: string[] = [];
  const subscriptions = [topology, second].map((b, i) =>
    b.subscribeCore('agent-heartbeat', { cluster: 'default' }, (body) => void heard.push(`${i} ${body.node}`)),
  );
  const body = { node: 'node-1', epoch: 'e', version: '0', kernel: '6', lastSeq: 0, capabilities: [] };
  // Not stored: what is said before the server knows who listens is heard by nobody.
  await until(async () => {
    await bus.publishCore('agent-heartbeat', 'default', body, { id: 'h1' });
    return new Set(heard).size === 2;
  });
  expect([...new Set(heard)].sort()).toEqual(['0 node-1', '1 node-1']);
  for (const s of subscriptions) s.stop();
});

test('an answer that is under way when NATS dies is known to be lost at once', async () => {
  const bus = await nats.connect(agent('node-1'));
  const [given, begun] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const serving = bus.serve('collect', { cluster: 'default', node: 'node-1' }, () => {
    begun.resolve();
    return given.promise;
  });
  const asked = collectSoon('node-1', 600_000);
  const lost = expect(asked).rejects.toThrow(ConnectionLost);
  await begun.promise;
  await nats.engines.restart('nats', { signal: 'SIGKILL' });
  await lost;
  given.resolve();
  await until(() => topology.connected());
  await serving.stop();
});
