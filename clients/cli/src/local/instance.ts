/**
 * Netverdict on one machine: the embedded engines, the five services and an agent per node.
 *
 *   engines (nats-server, redis-server, PostgreSQL) ◀── api, eventproc, simulator, topology ──▶ the cluster's API server
 *                                                  ◀── collector-agent, one per node given
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BusUser } from '@netverdict/contracts';
import { type Engines, removeEngines, startEngines, stopEngines } from '@netverdict/embedded';
import { SystemError } from '../exit-codes.ts';
import { endLeftovers, Services } from './services.ts';

export interface AgentSpec {
  readonly node: string;
  /** Path of the node's network namespace. */
  readonly netnsPath: string;
  readonly criEndpoint: string;
}

export interface InstanceOptions {
  /** State of the instance: engines' data, keys, token, logs. */
  readonly dir: string;
  readonly cluster: string;
  readonly kubeconfig: string;
  /** Names of all nodes that may have an agent: each gets a key of its own. */
  readonly nodes: readonly string[];
  /** Agents to start here (the lab's); others are started on their nodes by hand. */
  readonly agents: readonly AgentSpec[];
  /** host:port of the API. */
  readonly listen: string;
  /** Host on which agents elsewhere reach NATS; loopback when absent. */
  readonly natsHost?: string;
  readonly say: (line: string) => void;
}

export interface Instance {
  readonly dir: string;
  readonly apiUrl: string;
  readonly token: string;
  readonly tokenFile: string;
  readonly engines: Engines;
  readonly services: Services;
  /** Ends services and engines; the state stays. */
  stop(): Promise<void>;
}

/** Ends what still runs of an instance and removes all its state, also what an interrupted start left. */
export async function removeInstance(dir: string): Promise<void> {
  await endLeftovers(dir);
  await removeEngines(join(dir, 'engines'));
  rmSync(dir, { recursive: true, force: true });
}

/** A secret that is made once and kept, readable by its owner only. */
function secretFile(path: string, prefix: string): string {
  if (!existsSync(path)) writeFileSync(path, `${prefix}${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  return readFileSync(path, 'utf8').trim();
}

export async function startInstance(options: InstanceOptions): Promise<Instance> {
  const { dir, cluster, say } = options;
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  await endLeftovers(dir);
  await stopEngines(join(dir, 'engines'));
  say('engines: nats-server, redis-server, PostgreSQL');
  const engines = await startEngines({
    dir: join(dir, 'engines'),
    keepAlive: true,
    onProgress: (line) => (line.includes('again') ? say(line) : undefined),
    clusters: [{ name: cluster, nodes: [...options.nodes] }],
    ...(options.natsHost === undefined ? {} : { natsHost: options.natsHost }),
  });
  const services = new Services(dir);
  const stop = async (): Promise<void> => {
    await services.stopAll();
    await engines.stop();
  };
  try {
    const tokenFile = join(dir, 'token');
    const token = secretFile(tokenFile, 'nv_');
    const eventprocTokenFile = join(dir, 'eventproc-token');
    secretFile(eventprocTokenFile, 'nv_');
    const webhookSecretFile = join(dir, 'webhook-secret');
    secretFile(webhookSecretFile, 'whsec_');
    const apiUrl = `http://${options.listen}`;
    const bus = (user: BusUser): Record<string, string> => ({
      NETVERDICT_NATS_URL: engines.natsUrl,
      NETVERDICT_NATS_NKEY_FILE: engines.natsKeyFile(user),
    });
    say(
      `services: api, topology, simulator, eventproc${options.agents.length > 0 ? `, ${options.agents.length} collector-agents` : ''}`,
    );
    await services.start({
      name: 'api',
      folder: 'api',
      healthUrl: apiUrl,
      env: {
        ...bus({ role: 'api' }),
        NETVERDICT_DATABASE_URL: engines.databaseUrl,
        NETVERDICT_REDIS_URL: engines.redisUrl,
        NETVERDICT_LISTEN: options.listen,
        NETVERDICT_TOKEN_FILE: tokenFile,
        NETVERDICT_EVENTPROC_TOKEN_FILE: eventprocTokenFile,
        NETVERDICT_WEBHOOK_SECRET_FILE: webhookSecretFile,
        NETVERDICT_CLUSTER: cluster,
        // On one machine the caller's own receiver is usually on loopback too.
        NETVERDICT_CALLBACK_ALLOW: process.env.NETVERDICT_CALLBACK_ALLOW ?? '127.0.0.1,::1,localhost',
      },
    });
    await services.start({
      name: 'topology',
      folder: 'topology',
      healthUrl: null,
      env: {
        ...bus({ role: 'topology', cluster }),
        NETVERDICT_CLUSTER: cluster,
        NETVERDICT_KUBECONFIG: options.kubeconfig,
      },
    });
    await services.start({ name: 'simulator', folder: 'simulator', healthUrl: null, env: bus({ role: 'simulator' }) });
    await services.start({
      name: 'eventproc',
      folder: 'eventproc',
      healthUrl: null,
      env: {
        ...bus({ role: 'eventproc' }),
        NETVERDICT_DATABASE_URL: engines.databaseUrl,
        NETVERDICT_API_URL: apiUrl,
        NETVERDICT_API_TOKEN_FILE: eventprocTokenFile,
      },
    });
    for (const agent of options.agents)
      await services.start({
        name: `collector-agent@${agent.node}`,
        folder: 'collector-agent',
        healthUrl: null,
        env: {
          ...bus({ role: 'agent', cluster, node: agent.node }),
          NETVERDICT_CLUSTER: cluster,
          NETVERDICT_NODE: agent.node,
          NETVERDICT_HOST_NETNS: agent.netnsPath,
          NETVERDICT_CRI_ENDPOINT: agent.criEndpoint,
          NETVERDICT_SPOOL_DIR: join(dir, 'spool'),
        },
      });
    await services.ready(100_000);
    await agentsReported(
      apiUrl,
      token,
      options.agents.map((a) => a.node),
      60_000,
    );
    return { dir, apiUrl, token, tokenFile, engines, services, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** Waits until the API knows every agent that was started here. */
async function agentsReported(
  apiUrl: string,
  token: string,
  nodes: readonly string[],
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const response = await fetch(`${apiUrl}/api/v1/agents`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(2000),
    });
    const body = (await response.json()) as { items?: readonly { node: string }[] };
    const seen = new Set((body.items ?? []).map((item) => item.node));
    const silent = nodes.filter((node) => !seen.has(node));
    if (silent.length === 0) return;
    if (performance.now() > deadline) throw new SystemError(`no sign of life from the agents of ${silent.join(', ')}`);
    await sleep(100);
  }
}
