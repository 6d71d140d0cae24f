/** A stream that is kept on three servers outlives each of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BusUser } from '@netverdict/contracts';
import { type NatsCluster, startNatsCluster } from '@netverdict/embedded';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bus, connectBus } from './bus.ts';
import { openLink } from './link.ts';
import { API, diagnosisRequested, TOPOLOGY, until } from './testing.ts';

const NODES = ['n1', 'n2', 'n3'];
const dir = mkdtempSync(join(tmpdir(), 'nv-bus-cluster-'));
let nats: NatsCluster;
const open: Bus[] = [];

const connect = async (user: BusUser, url = nats.url): Promise<Bus> => {
  const bus = await connectBus({ url, user, nkeySeedFile: nats.natsKeyFile(user), streamReplicas: 3 });
  open.push(bus);
  return bus;
};
const send = (bus: Bus, n: number) => {
  const id = `${n}/1/diagnosis-requested/0`;
  return bus.publish('diagnosis-requested', 'default', diagnosisRequested(n), { id, deadlineMs: 60_000 });
};

beforeAll(async () => {
  nats = await startNatsCluster({
    dir,
    nodes: NODES.map((name) => ({ name })),
    clusters: [{ name: 'default', nodes: [] }],
  });
});
afterAll(async () => {
  await Promise.all(open.map((bus) => bus.close()));
  await nats.stopAll();
  rmSync(dir, { recursive: true, force: true });
});

test('each server in turn is killed: what was stored is delivered, and more is taken meanwhile', {
  timeout: 240_000,
}, async () => {
  const api = await connect(API);
  await send(api, 1);
  let sent = 1;
  for (const node of NODES) {
    await nats.stop(node);
    await send(api, ++sent);
    await nats.start(node);
    // It has what it missed before the next is killed: a majority without a gap is what three can promise.
    await until(async () => (await send(api, ++sent)).seq > 0, 60_000);
    await caughtUp();
  }
  const heard = new Set<string>();
  const topology = await connect(TOPOLOGY);
  topology.consume('diagnosis-requested', async ({ diagnosisId }) => void heard.add(diagnosisId));
  // Where they do not all come, the number below tells how many did.
  await until(() => heard.size >= sent, 60_000).catch(() => {});
  expect(heard.size).toBe(sent);
});

/** As the leader sees the others. */
async function caughtUp(): Promise<void> {
  const link = await openLink({ url: nats.url, user: API, nkeySeedFile: nats.natsKeyFile(API) });
  try {
    await until(async () => {
      const info = await link.jsm.streams.info('DIAGNOSIS').catch(() => null);
      const replicas = info?.cluster?.replicas ?? [];
      return replicas.length === 2 && replicas.every(({ current, offline }) => current && !offline);
    }, 60_000);
  } finally {
    await link.close();
  }
}
