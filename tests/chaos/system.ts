/**
 * Everything, twice, as processes of their own:
 *
 *   namespace a:  NATS n1 n2 · Redis · PostgreSQL · API server · api ×2 · topology ×2 · simulator-1 · eventproc ×2 · agents of node-1, node-2
 *   namespace b:  NATS n3 · simulator-2 · agent of node-3
 *
 * Agents answer from recorded state; all else is what is shipped.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { BusUser } from '@netverdict/contracts';
import { type Engines, freePort, type NatsCluster, startEngines, startNatsCluster } from '@netverdict/embedded';
import { type ApiServerInfo, apiClient, runningApiServer } from '../../libs/lab/src/api-server/index.ts';
import { HERE, THERE } from './processes/namespaces.ts';
import { Processes, type ProcessSpec } from './processes/processes.ts';
import { CLUSTER, clusterObjects, NODES } from './recorded/world.ts';

/** What is taken out of the api, for a run that must fail. */
export const WITHOUT = ['sweeper', 'republish'] as const;
export type Without = (typeof WITHOUT)[number];

export interface SystemOptions {
  readonly dir: string;
  /** Path of the other network namespace. */
  readonly there: string;
  readonly without: Without | null;
  /** With eventproc. */
  readonly events: boolean;
  /** How long a diagnosis may take. */
  readonly deadlineMs: number;
}

export interface System {
  readonly processes: Processes;
  readonly nats: NatsCluster;
  readonly engines: Engines;
  /** Of both replicas. */
  readonly apis: readonly string[];
  readonly token: string;
  readonly secret: string;
  /** Names of what can be killed. */
  readonly services: readonly string[];
  stop(): Promise<void>;
}

export const NATS_NODES = ['n1', 'n2', 'n3'] as const;
const READY_MS = 300_000;

export async function startSystem({ dir, there, without, deadlineMs, events }: SystemOptions): Promise<System> {
  const engines = await startEngines({ dir: join(dir, 'engines'), only: ['redis', 'postgres'], clusters: [] });
  const processes = new Processes(dir);
  const stateDir = join(dir, 'kubernetes');
  let nats: NatsCluster | undefined;
  const stop = async (): Promise<void> => {
    await processes.stopAll();
    await nats?.stopAll();
    await engines.stop();
  };
  try {
    const cluster = await startNatsCluster({
      dir: join(dir, 'bus'),
      nodes: [
        { name: 'n1', host: HERE },
        { name: 'n2', host: HERE },
        { name: 'n3', host: THERE, netns: there },
      ],
      clusters: [{ name: CLUSTER, nodes: NODES }],
    });
    nats = cluster;
    mkdirSync(stateDir, { mode: 0o700 });
    processes.start({ name: 'kubernetes', main: 'libs/lab/src/api-server/main.ts', args: ['--state', stateDir] });
    const server = await kubernetes(stateDir);
    await apiClient(server).apply(clusterObjects());

    const made = (name: string, prefix: string): string => {
      const secret = `${prefix}${randomBytes(24).toString('base64')}`;
      writeFileSync(join(dir, name), `${secret}\n`, { mode: 0o600 });
      return secret;
    };
    const [token, secret] = [made('token', 'nv_'), made('webhook-secret', 'whsec_')];
    made('eventproc-token', 'nv_');
    const health = new Map<string, string>();
    const apis: string[] = [];
    const start = async (
      name: string,
      user: BusUser,
      main: string,
      env: Readonly<Record<string, string>>,
      netns?: string,
    ): Promise<void> => {
      const listen = `${netns === undefined ? HERE : THERE}:${await freePort()}`;
      const api = user.role === 'api';
      if (api) apis.push(`http://${listen}`);
      health.set(name, `http://${listen}`);
      const spec: ProcessSpec = {
        name,
        main,
        env: {
          NETVERDICT_NATS_URL: cluster.url,
          NETVERDICT_NATS_NKEY_FILE: cluster.natsKeyFile(user),
          [api ? 'NETVERDICT_LISTEN' : 'NETVERDICT_HEALTH_LISTEN']: listen,
          ...(user.role === 'agent' ? {} : { NETVERDICT_STREAM_REPLICAS: '3' }),
          ...env,
        },
        ...(netns === undefined ? {} : { netns }),
      };
      processes.start(spec);
    };
    const database = { NETVERDICT_DATABASE_URL: engines.databaseUrl };
    for (const n of [1, 2]) {
      await start(
        `api-${n}`,
        { role: 'api' },
        without === 'sweeper' ? 'tests/chaos/processes/api-without-sweeper.ts' : 'services/api/src/main.ts',
        {
          ...database,
          NETVERDICT_REDIS_URL: engines.redisUrl,
          NETVERDICT_TOKEN_FILE: join(dir, 'token'),
          NETVERDICT_EVENTPROC_TOKEN_FILE: join(dir, 'eventproc-token'),
          NETVERDICT_WEBHOOK_SECRET_FILE: join(dir, 'webhook-secret'),
          NETVERDICT_CLUSTER: CLUSTER,
          NETVERDICT_CALLBACK_ALLOW: '127.0.0.1',
          NETVERDICT_DEADLINE_MS: String(deadlineMs),
          // As long as it gets: the deadline comes first.
          ...(without === 'republish' ? { NETVERDICT_REPUBLISH_MS: '60000' } : {}),
        },
      );
      const kubeconfig = { NETVERDICT_CLUSTER: CLUSTER, NETVERDICT_KUBECONFIG: server.kubeconfig };
      await start(`topology-${n}`, { role: 'topology', cluster: CLUSTER }, 'services/topology/src/main.ts', kubeconfig);
      const apart = n === 2 ? there : undefined;
      // A machine with too much to do is not what is tried here.
      const patient = { NETVERDICT_SIMULATE_LIMIT_MS: '60000' };
      await start(`simulator-${n}`, { role: 'simulator' }, 'services/simulator/src/main.ts', patient, apart);
      if (!events) continue;
      await start(`eventproc-${n}`, { role: 'eventproc' }, 'services/eventproc/src/main.ts', {
        ...database,
        NETVERDICT_API_URL: apis[0] ?? '',
        NETVERDICT_API_TOKEN_FILE: join(dir, 'eventproc-token'),
      });
    }
    for (const node of NODES) {
      const user = { role: 'agent', cluster: CLUSTER, node } as const;
      const env = { NETVERDICT_CLUSTER: CLUSTER, NETVERDICT_NODE: node };
      const apart = node === NODES.at(-1) ? there : undefined;
      await start(`agent@${node}`, user, 'tests/chaos/recorded/agent-main.ts', env, apart);
    }
    for (const [name, url] of health) await ready(name, url, processes);
    return { processes, nats: cluster, engines, apis, token, secret, services: [...health.keys()], stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

async function kubernetes(stateDir: string): Promise<ApiServerInfo> {
  for (const end = performance.now() + READY_MS; ; await pause(50)) {
    const server = runningApiServer(stateDir);
    if (server) return server;
    if (performance.now() > end) throw new Error(`no API server in ${stateDir}`);
  }
}

async function ready(name: string, url: string, processes: Processes): Promise<void> {
  for (const end = performance.now() + READY_MS; ; await pause(50)) {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) }).catch(() => null);
    if (answer?.ok) return;
    if (performance.now() > end) throw new Error(`${name} is not ready; see ${processes.logFile(name)}`);
  }
}
