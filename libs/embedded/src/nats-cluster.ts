/**
 * A cluster of nats-servers on this machine, as children of this process: what is kept on several of them outlives each.
 *
 *   <dir>/keys/<user>.nk   nkey seeds, one set for all        <dir>/nats/<node>/   configuration, data and log of each
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { BusUser } from '@netverdict/contracts';
import { EngineError } from './errors.ts';
import { ensureUser, natsAnswers, natsKeyFile, natsUsers } from './nats.ts';
import { freePort } from './ports.ts';
import { identify, isAlive, lastLines, type ProcessId, requireProgram, spawnEngine, terminate } from './process.ts';

export interface NatsNode {
  readonly name: string;
  /** Where clients and the other nodes reach it; loopback when absent. */
  readonly host?: string;
  /** Path of the network namespace that it runs in; this process's own when absent. */
  readonly netns?: string;
}

export interface NatsClusterOptions {
  /** Made when missing. */
  readonly dir: string;
  readonly nodes: readonly NatsNode[];
  /** Who gets a key and permissions on the bus, beside the services. */
  readonly clusters: readonly { readonly name: string; readonly nodes: readonly string[] }[];
}

export interface NatsCluster {
  /** Of all nodes, with commas between. */
  readonly url: string;
  pidOf(node: string): number | null;
  /** Path of the file with the user's nkey seed. */
  natsKeyFile(user: BusUser): string;
  /** SIGKILL, when no other signal is given. Resolves when it is gone. */
  stop(node: string, signal?: NodeJS.Signals): Promise<void>;
  /** Deletes what a stopped node has stored. */
  wipe(node: string): void;
  /** Resolves when it takes clients; its streams may still be catching up. */
  start(node: string): Promise<void>;
  stopAll(): Promise<void>;
}

const START_MS = 20_000;
const GRACE_MS = 3000;

interface Place extends NatsNode {
  readonly host: string;
  readonly port: number;
  readonly routePort: number;
}

/** @throws EngineError: not installed, or not starting */
export async function startNatsCluster(options: NatsClusterOptions): Promise<NatsCluster> {
  const dir = resolve(options.dir);
  const program = requireProgram('nats-server', 'nats-server');
  const users: BusUser[] = [{ role: 'api' }, { role: 'simulator' }, { role: 'eventproc' }];
  for (const { name, nodes } of options.clusters) {
    users.push({ role: 'topology', cluster: name });
    for (const node of nodes) users.push({ role: 'agent', cluster: name, node });
  }
  for (const user of users) ensureUser(dir, user);
  const places = new Map<string, Place>();
  for (const node of options.nodes) {
    const host = node.host ?? '127.0.0.1';
    places.set(node.name, { ...node, host, port: await freePort(), routePort: await freePort() });
  }
  const processes = new Map<string, ProcessId>();

  const place = (name: string): Place => {
    const found = places.get(name);
    if (!found) throw new EngineError(`the cluster has no node ${name}`);
    return found;
  };
  const folder = (name: string): string => join(dir, 'nats', name);
  const logFile = (name: string): string => join(folder(name), 'nats.log');
  const dataDir = (name: string): string => join(folder(name), 'jetstream');

  function configure(node: Place): string {
    const others = [...places.values()].filter(({ name }) => name !== node.name);
    const config = {
      server_name: node.name,
      listen: `${node.host}:${node.port}`,
      max_payload: 8_388_608,
      // A peer that a broken network hides is noticed in seconds.
      ping_interval: '2s',
      jetstream: { store_dir: dataDir(node.name), max_memory_store: 67_108_864, max_file_store: 8_589_934_592 },
      authorization: { users: natsUsers(dir) },
      cluster: {
        name: 'netverdict',
        listen: `${node.host}:${node.routePort}`,
        routes: others.map(({ host, routePort }) => `nats-route://${host}:${routePort}`),
      },
    };
    const file = join(folder(node.name), 'nats.conf');
    writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
    return file;
  }

  async function start(name: string): Promise<void> {
    const node = place(name);
    const known = processes.get(name);
    if (known && isAlive(known)) return;
    mkdirSync(folder(name), { recursive: true, mode: 0o700 });
    const own = [program, '-c', configure(node)];
    const [command = program, ...args] =
      node.netns === undefined ? own : [requireProgram('nsenter', 'util-linux'), `--net=${node.netns}`, ...own];
    const child = spawnEngine({ command, args, logFile: logFile(name), deathSignal: 'TERM', cwd: folder(name) });
    if (child.pid === undefined) throw new EngineError(`${name} could not be started: ${child.spawnfile}`);
    const id = identify(child.pid);
    processes.set(name, id);
    for (const end = performance.now() + START_MS; !(await natsAnswers(node.host, node.port)); await pause(20)) {
      if (!isAlive(id)) throw new EngineError(`${name} ended at once:\n${lastLines(logFile(name))}`);
      if (performance.now() > end) throw new EngineError(`${name} did not answer:\n${lastLines(logFile(name))}`);
    }
  }

  async function stop(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const id = processes.get(name);
    if (!id) return;
    processes.delete(name);
    await terminate(id, signal, GRACE_MS);
  }

  const stopAll = async (): Promise<void> => {
    await Promise.all([...places.keys()].map((name) => stop(name, 'SIGTERM')));
  };
  const started = await Promise.allSettled([...places.keys()].map(start));
  const failed = started.find((result) => result.status === 'rejected');
  if (failed) {
    await stopAll();
    throw failed.reason;
  }
  return {
    url: [...places.values()].map(({ host, port }) => `nats://${host}:${port}`).join(','),
    pidOf: (name) => processes.get(name)?.pid ?? null,
    natsKeyFile: (user) => natsKeyFile(dir, user),
    stop,
    wipe: (name) => rmSync(dataDir(name), { recursive: true, force: true }),
    start,
    stopAll,
  };
}
