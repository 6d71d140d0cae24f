/** Engines of their own, replicas of this service on them within this process, and an agent and a topology that speak to them. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EVENTS, environmentOnly, readSettings } from '@netverdict/configuration';
import type { AgentLedger, Anomaly, AnomalyBatch } from '@netverdict/contracts';
import { type Engines, removeEngines, startEngines } from '@netverdict/embedded';
import { type Bus, connectBus } from '@netverdict/messaging';
import { openStore, type Store } from '@netverdict/store';
import { createLog } from '@netverdict/telemetry';
import { type EventprocSettings, eventprocSettings } from '../configuration.ts';
import { type Eventproc, startEventproc } from '../eventproc.ts';
import type { Notice } from '../publish/sinks/notice.ts';
import { makeTallies, type Tallies } from '../tallies.ts';

export const CLUSTER = 'default';
export const NODES = ['node-1', 'node-2'] as const;

/** EVENTPROC_TEST_LOG=1 shows what the service says. */
const log = createLog('eventproc', process.env.EVENTPROC_TEST_LOG ? 'debug' : 'silent');

export interface Scene {
  readonly engines: Engines;
  readonly store: Store;
  readonly topology: Bus;
  readonly agents: ReadonlyMap<string, Bus>;
  /** What the replicas offered to sinks. */
  readonly notices: readonly Notice[];
  startReplica(change?: Partial<EventprocSettings>): Promise<{ readonly tallies: Tallies; stop(): Promise<void> }>;
  down(): Promise<void>;
}

export async function startScene(): Promise<Scene> {
  const dir = await mkdtemp(join(tmpdir(), 'nv-eventproc-'));
  const engines = await startEngines({
    dir,
    only: ['nats', 'postgres'],
    clusters: [{ name: CLUSTER, nodes: [...NODES] }],
  });
  const { natsUrl: url } = engines;
  const store = openStore({ connectionString: engines.databaseUrl, maxConnections: 2 });
  await store.migrate();
  const open = async (user: Bus['user']): Promise<Bus> =>
    await connectBus({ url, nkeySeedFile: engines.natsKeyFile(user), user });
  const agents = new Map<string, Bus>();
  for (const node of NODES) agents.set(node, await open({ role: 'agent', cluster: CLUSTER, node }));
  const topology = await open({ role: 'topology', cluster: CLUSTER });
  const running: { stop(): Promise<void> }[] = [];
  const notices: Notice[] = [];
  return {
    engines,
    store,
    topology,
    agents,
    notices,
    async startReplica(change = {}) {
      const bus = await open({ role: 'eventproc' });
      const own = openStore({ connectionString: engines.databaseUrl, maxConnections: 6 });
      const tallies = makeTallies();
      const offer = (offered: readonly Notice[]) => void notices.push(...offered);
      const sinks = { any: true, offer, counts: () => [], async stop() {} };
      const { signal } = new AbortController();
      const parts = {
        bus,
        store: own,
        sinks,
        settings: { ...eventprocSettings(readSettings(EVENTS, environmentOnly({}))), ...change },
        tallies,
        explaining: null,
        log,
        signal,
      };
      const eventproc: Eventproc = await startEventproc(parts);
      const replica = {
        tallies,
        async stop() {
          running.splice(running.indexOf(replica), 1);
          await eventproc.stop();
          await bus.close();
          await own.close();
        },
      };
      running.push(replica);
      return replica;
    },
    async down() {
      await Promise.all([...running].map((replica) => replica.stop()));
      await Promise.all([topology.close(), ...[...agents.values()].map((bus) => bus.close())]);
      await store.close();
      await engines.stop();
      await removeEngines(dir);
    },
  };
}

/** Waits for it, however slow the machine is. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 45_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${condition}`);
    await pause(50);
  }
}

export const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();

/** A SYN of shop/cart-1 that a rule drops. */
export const drop = (change: Partial<Anomaly> = {}, destination = '10.1.0.2'): Anomaly => ({
  ...{ kind: 'packet-drop', netns: 4026532001, pod: { namespace: 'shop', name: 'cart-1' }, count: 1 },
  ...{
    windowStart: ago(2),
    windowEnd: ago(1),
    probe: 'drops',
    reason: 'NETFILTER_DROP',
    hook: 'OUTPUT',
    direction: 'out',
  },
  tuple: { family: 'ipv4', protocol: 6, source: '10.1.0.1', sourcePort: null, destination, destinationPort: 80 },
  ...change,
});

/** One start of an agent: it numbers its batches and keeps its ledger as a real one does. */
export class Reporter {
  #seq = 0;
  #reported = 0;
  readonly #scene: Pick<Scene, 'agents'>;
  readonly node: (typeof NODES)[number];
  readonly epoch: string;

  constructor(scene: Pick<Scene, 'agents'>, node: (typeof NODES)[number], epoch: string) {
    this.#scene = scene;
    this.node = node;
    this.epoch = epoch;
  }

  reported = (): number => this.#reported;

  /** A batch with its number, not sent. */
  batch(anomalies: readonly Anomaly[], ledger: Partial<AgentLedger> = {}): AnomalyBatch {
    const batch = {
      ...{ node: this.node, epoch: this.epoch, seq: ++this.#seq, anomalies: [...anomalies] },
      ledger: { at: ago(0), before: this.#reported, probes: [], dropped: [], ...ledger },
    };
    this.#reported += anomalies.reduce((sum, { count }) => sum + count, 0);
    return batch;
  }

  /** @param id JetStream's own deduplication is passed by with another */
  async send(batch: AnomalyBatch, id = `${CLUSTER}/${batch.node}/${batch.epoch}/${batch.seq}`): Promise<void> {
    await this.#scene.agents.get(this.node)?.publish('anomaly-batch', CLUSTER, batch, { id, deadlineMs: 30_000 });
  }

  async report(...anomalies: Anomaly[]): Promise<AnomalyBatch> {
    const batch = this.batch(anomalies);
    await this.send(batch);
    return batch;
  }

  async beat(ledger: Partial<AgentLedger> = {}): Promise<void> {
    const body = {
      ...{
        node: this.node,
        epoch: this.epoch,
        version: '0.1.0',
        kernel: '6.1',
        lastSeq: this.#seq,
        capabilities: ['counters'],
      },
      ledger: { at: ago(0), before: this.#reported, probes: [], dropped: [], ...ledger },
    };
    await this.#scene.agents.get(this.node)?.publishCore('agent-heartbeat', CLUSTER, body, { id: 'beat' });
  }
}
