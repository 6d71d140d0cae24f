/** A node as it is watched in earnest: one real agent with its sidecar, NATS, and somebody who reads and acknowledges what it sends. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentHeartbeat, Anomaly, ProbeLedger, ProbeSettingsByName } from '@netverdict/contracts';
import { removeEngines, startEngines } from '@netverdict/embedded';
import { connectBus } from '@netverdict/messaging';
import { Services } from '../../clients/cli/src/local/services.ts';

const CLUSTER = 'lab';

export interface WatchedNode {
  /** Of the agent; helper and sidecar are its children. */
  readonly pid: number;
  /** Resolves when the agent's heartbeat tells that its probes do that. */
  configure(probes: ProbeSettingsByName): Promise<void>;
  heartbeat(): AgentHeartbeat;
  /** The ledger of the probe `drops` in the last heartbeat, and what had come of it over the bus by the batches that the heartbeat knew. */
  drops(): { readonly ledger: ProbeLedger; readonly came: number };
  /** All that came over the bus since the last call. */
  take(): Anomaly[];
  stop(): Promise<void>;
}

export async function until(condition: () => boolean, timeoutMs: number, what: string): Promise<void> {
  for (const end = performance.now() + timeoutMs; !condition(); await sleep(20))
    if (performance.now() > end) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
}

export async function startWatchedNode(
  dir: string,
  at: { readonly name: string; readonly netnsPath: string; readonly criEndpoint: string },
): Promise<WatchedNode> {
  const node = at.name;
  const place = join(dir, `watched-${node}`);
  mkdirSync(place, { recursive: true, mode: 0o755 });
  const engines = await startEngines({
    dir: join(place, 'engines'),
    only: ['nats'],
    clusters: [{ name: CLUSTER, nodes: [node] }],
  });
  const { natsUrl: url } = engines;
  const open = (role: 'api' | 'eventproc') =>
    connectBus({ url, nkeySeedFile: engines.natsKeyFile({ role }), user: { role } });
  const reader = await open('eventproc');
  const api = await open('api');
  let heard: AgentHeartbeat | null = null;
  const listening = reader.subscribeCore('agent-heartbeat', { cluster: CLUSTER, node }, (heartbeat) => {
    heard = heartbeat;
  });
  let taken: Anomaly[] = [];
  const dropsOfBatch = new Map<number, number>();
  const reading = reader.consume('anomaly-batch', async ({ seq, anomalies }) => {
    if (dropsOfBatch.has(seq)) return; // It came again.
    dropsOfBatch.set(
      seq,
      anomalies.reduce((sum, { probe, count }) => sum + (probe === 'drops' ? count : 0), 0),
    );
    taken.push(...anomalies);
  });
  const services = new Services(place);
  const name = `collector-agent@${node}`;
  const stop = async (): Promise<void> => {
    await services.stopAll();
    await reading.stop();
    listening.stop();
    await Promise.all([reader.close(), api.close()]);
    await engines.stop();
    await removeEngines(engines.dir);
  };
  const heartbeat = (): AgentHeartbeat => {
    if (heard === null) throw new Error('the agent has not been heard of');
    return heard;
  };
  try {
    await services.start({
      name,
      folder: 'collector-agent',
      healthUrl: null,
      env: {
        NETVERDICT_NATS_URL: url,
        NETVERDICT_NATS_NKEY_FILE: engines.natsKeyFile({ role: 'agent', cluster: CLUSTER, node }),
        NETVERDICT_CLUSTER: CLUSTER,
        NETVERDICT_NODE: node,
        NETVERDICT_HOST_NETNS: at.netnsPath,
        NETVERDICT_CRI_ENDPOINT: at.criEndpoint,
        // The numbers are to be those of the load that was asked for, not of what the budget makes of it.
        NETVERDICT_CPU_LIMIT_PERCENT: '400',
      },
    });
    await services.ready(60_000);
    await until(() => heard?.probes?.some(({ state }) => state === 'on') === true, 30_000, 'a probe is on');
  } catch (cause) {
    await stop();
    throw cause;
  }
  let version = 0;
  return {
    pid: services.pidOf(name) ?? 0,
    heartbeat,
    async configure(probes) {
      const wanted = ++version;
      await api.publishCore(
        'agent-configuration',
        CLUSTER,
        { version: wanted, probes },
        { id: `bench/${wanted}`, node },
      );
      await until(() => heard?.configuration?.version === wanted, 30_000, `the configuration ${wanted} is in force`);
      const problems = heartbeat().configuration?.problems ?? [];
      if (problems.length > 0) throw new Error(`the agent cannot do what it is told: ${JSON.stringify(problems)}`);
    },
    drops() {
      const { ledger: told, lastSeq } = heartbeat();
      const ledger = told?.probes.find((probe) => probe.name === 'drops');
      if (ledger === undefined) throw new Error('the agent has counted no drops');
      const known = [...dropsOfBatch].filter(([seq]) => seq <= lastSeq);
      return { ledger, came: known.reduce((sum, [, count]) => sum + count, 0) };
    },
    take() {
      const now = taken;
      taken = [];
      return now;
    },
    stop,
  };
}
