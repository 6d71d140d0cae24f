/**
 * The three engines as children of this process, for one machine: `make demo`, `make up`, tests.
 *
 *   <dir>/engines.json      what runs (record.ts)        <dir>/keys/<user>.nk   nkey seeds
 *   <dir>/nats/  redis/  postgres/                       configuration, data and log of each
 *
 * Data are kept from run to run, but for Redis. All children die with this process (Linux), unless told to outlive it.
 */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { BusUser } from '@netverdict/contracts';
import { EngineError } from './errors.ts';
import { ensureUser, natsAnswers, natsDir, natsKeyFile, natsLog, wipeNats, writeNatsConfig } from './nats.ts';
import { freePort } from './ports.ts';
import {
  databaseUrl,
  type PostgresPlace,
  postgresAnswers,
  postgresArguments,
  postgresProgram,
  preparePostgres,
} from './postgres.ts';
import { identify, isAlive, lastLines, type ProcessId, requireProgram, spawnEngine, terminate } from './process.ts';
import {
  ENGINE_NAMES,
  type EngineName,
  readRecord,
  running,
  STOP_GRACE_MS,
  STOP_SIGNAL,
  stopEngines,
  writeRecord,
} from './record.ts';
import { redisAnswers, redisDir, redisLog, writeRedisConfig } from './redis.ts';

export interface EnginesOptions {
  /** Folder for everything; made when missing. One set of engines at a time. */
  readonly dir: string;
  /** Who gets a key and permissions on the bus, beside the services. */
  readonly clusters: readonly { readonly name: string; readonly nodes: readonly string[] }[];
  /** Fixed ports on 127.0.0.1; otherwise free ones, kept for the next run. */
  readonly ports?: Partial<Record<EngineName, number>>;
  /** Address of this machine on which NATS listens, for agents elsewhere; loopback when absent. The others stay on loopback. */
  readonly natsHost?: string;
  /** Only these, for tests; all three when absent. */
  readonly only?: readonly EngineName[];
  /** Engines go on when this process ends; `stopEngines(dir)` stops them. */
  readonly outlive?: boolean;
  /** An engine that dies is started again, and `onProgress` told. */
  readonly keepAlive?: boolean;
  readonly onProgress?: (line: string) => void;
}

export interface RestartOptions {
  /** SIGKILL is the crash. Otherwise an orderly stop. */
  readonly signal?: NodeJS.Signals;
  /** Delete the engine's data in between. */
  readonly wipe?: boolean;
}

export interface Engines {
  readonly dir: string;
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly pids: Readonly<Partial<Record<EngineName, number>>>;
  /** Path of the file with the user's nkey seed. */
  natsKeyFile(user: BusUser): string;
  /** Gives a node of a cluster (new or known) a key and permissions. Connections of others stay. */
  addNode(cluster: string, node: string): Promise<void>;
  stopEngine(name: EngineName, signal?: NodeJS.Signals): Promise<void>;
  startEngine(name: EngineName): Promise<void>;
  restart(name: EngineName, options?: RestartOptions): Promise<void>;
  stop(): Promise<void>;
}

/** How soon a dead engine is noticed. */
const WATCH_MS = 300;
const START_MS: Readonly<Record<EngineName, number>> = { nats: 10_000, redis: 10_000, postgres: 60_000 };

const servicesOf = (cluster: string): BusUser[] => [{ role: 'topology', cluster }];
const SERVICES: readonly BusUser[] = [{ role: 'api' }, { role: 'simulator' }, { role: 'eventproc' }];

/** @throws EngineError: not installed, already running in `dir`, or not starting (with the log's last lines) */
export async function startEngines(options: EnginesOptions): Promise<Engines> {
  const dir = resolve(options.dir);
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  const before = readRecord(dir);
  if (before && before.owner.pid !== process.pid && isAlive(before.owner) && running(before).length > 0)
    throw new EngineError(`the engines of ${dir} already run, started by process ${before.owner.pid}`);
  const cleaned = await stopEngines(dir);
  if (cleaned.length > 0) options.onProgress?.(`stopped ${cleaned.join(', ')} of an earlier run`);

  const natsHost = options.natsHost ?? '127.0.0.1';
  const names = ENGINE_NAMES.filter((name) => options.only?.includes(name) ?? true);
  // Told before anything is started.
  if (names.includes('nats')) requireProgram('nats-server', 'nats-server');
  if (names.includes('redis')) requireProgram('redis-server', 'redis-server');
  const ports: Record<EngineName, number> = { nats: 0, redis: 0, postgres: 0 };
  for (const name of ENGINE_NAMES) ports[name] = await freePort(options.ports?.[name] ?? before?.ports[name]);

  for (const user of SERVICES) ensureUser(dir, user);
  for (const { name, nodes } of options.clusters) {
    for (const user of servicesOf(name)) ensureUser(dir, user);
    for (const node of nodes) ensureUser(dir, { role: 'agent', cluster: name, node });
  }
  const redisPassword = randomBytes(24).toString('base64url');
  const deathSignal = options.outlive ? null : ('TERM' as const);
  const processes: Partial<Record<EngineName, ProcessId>> = {};
  let preparing: Promise<PostgresPlace> | null = null;
  const postgresPlace = (): Promise<PostgresPlace> => {
    preparing ??= preparePostgres(dir);
    return preparing;
  };

  const spawnOf: Readonly<Record<EngineName, () => Promise<ChildProcess>>> = {
    nats: async () => {
      const args = ['-c', writeNatsConfig(dir, natsHost, ports.nats)];
      return spawnEngine({
        command: requireProgram('nats-server', 'nats-server'),
        args,
        logFile: natsLog(dir),
        deathSignal,
        cwd: natsDir(dir),
      });
    },
    redis: async () => {
      const args = [writeRedisConfig(dir, ports.redis, redisPassword)];
      return spawnEngine({
        command: requireProgram('redis-server', 'redis-server'),
        args,
        logFile: redisLog(dir),
        deathSignal,
        cwd: redisDir(dir),
      });
    },
    postgres: async () => {
      const place = await postgresPlace();
      return spawnEngine({
        command: postgresProgram(place),
        args: postgresArguments(place, ports.postgres),
        logFile: logOf.postgres(),
        as: place.as,
        deathSignal: options.outlive ? null : 'INT',
        cwd: '/',
      });
    },
  };
  const logOf: Readonly<Record<EngineName, () => string>> = {
    nats: () => natsLog(dir),
    redis: () => redisLog(dir),
    postgres: () => join(dir, 'postgres.log'),
  };
  const answers: Readonly<Record<EngineName, () => Promise<boolean>>> = {
    nats: () => natsAnswers(natsHost, ports.nats),
    redis: () => redisAnswers(ports.redis, redisPassword),
    postgres: async () => postgresAnswers((await postgresPlace()).password, ports.postgres),
  };

  const record = async (): Promise<void> => {
    const place = names.includes('postgres') ? await postgresPlace() : null;
    writeRecord(dir, {
      processes,
      ports,
      natsUrl: engines.natsUrl,
      databaseUrl: place ? databaseUrl(place.password, ports.postgres) : '',
      redisUrl: engines.redisUrl,
      postgresDir: place?.folder ?? join(dir, 'postgres'),
    });
  };

  async function startEngine(name: EngineName): Promise<void> {
    const known = processes[name];
    if (known && isAlive(known)) return;
    const begin = performance.now();
    const child = await spawnOf[name]();
    if (child.pid === undefined) throw new EngineError(`${name} could not be started: ${child.spawnfile}`);
    const id = identify(child.pid);
    processes[name] = id;
    await record();
    while (!(await answers[name]())) {
      if (!isAlive(id)) throw new EngineError(`${name} ended at once:\n${lastLines(logOf[name]())}`);
      if (performance.now() - begin > START_MS[name]) {
        await terminate(id, 'SIGKILL', 0);
        throw new EngineError(`${name} did not answer in time:\n${lastLines(logOf[name]())}`);
      }
      await pause(15);
    }
    options.onProgress?.(`${name} on port ${ports[name]} after ${Math.round(performance.now() - begin)} ms`);
  }

  async function stopEngine(name: EngineName, signal: NodeJS.Signals = STOP_SIGNAL[name]): Promise<void> {
    const id = processes[name];
    if (!id) return;
    await terminate(id, signal, STOP_GRACE_MS);
    delete processes[name];
  }

  async function wipe(name: EngineName): Promise<void> {
    if (name === 'nats') wipeNats(dir);
    if (name !== 'postgres') return;
    throw new EngineError('wiping PostgreSQL is not offered: it holds the truth; use removeEngines');
  }

  /** nats-server says so in its log when it has taken the new users in. */
  async function reloadNats(): Promise<void> {
    const id = processes.nats;
    writeNatsConfig(dir, natsHost, ports.nats);
    if (!id) return;
    const reloads = (): number => readFileSync(natsLog(dir), 'utf8').split('Reloaded server configuration').length;
    const seen = reloads();
    process.kill(id.pid, 'SIGHUP');
    for (const end = performance.now() + 5000; reloads() === seen; await pause(10))
      if (performance.now() > end) throw new EngineError(`nats-server did not reload:\n${lastLines(natsLog(dir))}`);
  }

  /** Engines that somebody stops or starts on purpose just now: their death is no surprise. */
  const busy = new Set<EngineName>();
  async function onPurpose(name: EngineName, work: () => Promise<void>): Promise<void> {
    busy.add(name);
    try {
      await work();
    } finally {
      busy.delete(name);
    }
  }
  function revive(name: EngineName): void {
    const id = processes[name];
    if (id === undefined || busy.has(name) || isAlive(id)) return;
    options.onProgress?.(`${name} ended unexpectedly; starting it again`);
    void onPurpose(name, () => startEngine(name)).catch((error: unknown) =>
      options.onProgress?.(
        `${name} could not be started again: ${error instanceof Error ? error.message : String(error)}`,
      ),
    );
  }

  let watch: NodeJS.Timeout | undefined;
  let database = '';
  const engines: Engines = {
    dir,
    natsUrl: `nats://${natsHost}:${ports.nats}`,
    redisUrl: `redis://:${redisPassword}@127.0.0.1:${ports.redis}`,
    get databaseUrl() {
      return database;
    },
    get pids() {
      return Object.fromEntries(Object.entries(processes).map(([name, id]) => [name, id.pid]));
    },
    natsKeyFile: (user) => natsKeyFile(dir, user),
    async addNode(cluster, node) {
      for (const user of servicesOf(cluster)) ensureUser(dir, user);
      ensureUser(dir, { role: 'agent', cluster, node });
      await reloadNats();
    },
    stopEngine: (name, signal) => onPurpose(name, () => stopEngine(name, signal)),
    startEngine: (name) => onPurpose(name, () => startEngine(name)),
    restart: (name, { signal, wipe: wiped } = {}) =>
      onPurpose(name, async () => {
        await stopEngine(name, signal);
        if (wiped) await wipe(name);
        await startEngine(name);
      }),
    async stop() {
      clearInterval(watch);
      await Promise.all(names.map((name) => stopEngine(name)));
      await record();
    },
  };

  const started = await Promise.allSettled(names.map(startEngine));
  const failed = started.find((result) => result.status === 'rejected');
  if (failed) {
    await Promise.all(names.map((name) => stopEngine(name)));
    throw failed.reason;
  }
  if (names.includes('postgres')) database = databaseUrl((await postgresPlace()).password, ports.postgres);
  if (options.keepAlive) watch = setInterval(() => names.forEach(revive), WATCH_MS).unref();
  return engines;
}
