/**
 * Starts the services as child processes and keeps them running: one that dies is started again with back-off.
 * What they print goes to `<dir>/log/<name>.log`; their pids to `<dir>/services.json`, so that a later start or
 * `netverdict down` can end what a crash left behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@netverdict/embedded';
import { SystemError, UsageError } from '../exit-codes.ts';
import { endProcess, type ProcessIdentity, startTicksOf } from './process-identity.ts';
import { compileCache, repositoryRoot } from './repository.ts';

export interface ServiceSpec {
  /** Unique: `api`, `collector-agent@node-1`. */
  readonly name: string;
  /** Folder below services/. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where its /readyz answers; null: the service is given a free loopback port for it. */
  readonly healthUrl: string | null;
}

/**
 * Start-up fills V8's young generation, which then stays as large as it grew (three times 16 MiB): 10 to 35 MiB of
 * resident memory of a service at rest. With 4 MiB importing takes no more CPU time than before. The agent, which is on
 * every node and mostly at rest, has 1 MiB: 7 to 9 MiB less again.
 */
const youngGeneration = (folder: string): string => `--max-semi-space-size=${folder === 'collector-agent' ? 1 : 4}`;

interface Running {
  readonly spec: ServiceSpec;
  readonly healthUrl: string;
  child: ChildProcess | null;
  restarts: number;
}

/** Before anything is started: whether the API can listen there. @throws UsageError */
export function requireFreePort(listen: string): Promise<void> {
  const [, host = '', port = ''] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(listen) ?? [];
  if (host === '' || Number(port) < 1 || Number(port) > 65535)
    return Promise.reject(new UsageError(`--listen ${listen}: write host:port, such as 127.0.0.1:8080`));
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause) =>
      reject(new UsageError(`can't listen on ${listen} (${cause.message}): choose another with --listen`, { cause })),
    );
    server.listen(Number(port), host, () => server.close(() => resolve()));
  });
}

export class Services {
  readonly #dir: string;
  readonly #running = new Map<string, Running>();
  #stopping = false;

  constructor(dir: string) {
    this.#dir = dir;
    mkdirSync(join(dir, 'log'), { recursive: true });
  }

  async start(spec: ServiceSpec): Promise<void> {
    let healthUrl = spec.healthUrl;
    let env = spec.env;
    if (healthUrl === null) {
      const listen = `127.0.0.1:${await freePort()}`;
      healthUrl = `http://${listen}`;
      env = { ...env, NETVERDICT_HEALTH_LISTEN: listen };
    }
    const running: Running = { spec: { ...spec, env }, healthUrl, child: null, restarts: 0 };
    this.#running.set(spec.name, running);
    this.#spawn(running);
  }

  #spawn(running: Running): void {
    const { spec } = running;
    const log = openSync(join(this.#dir, 'log', `${spec.name}.log`), 'a', 0o600);
    const main = join(repositoryRoot, 'services', spec.folder, 'src/main.ts');
    const child = spawn(process.execPath, [youngGeneration(spec.folder), main], {
      cwd: repositoryRoot,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: process.env.HOME ?? '/',
        NODE_COMPILE_CACHE: compileCache,
        NETVERDICT_PARENT_PID: String(process.pid),
        ...otelEnvironment(),
        ...spec.env,
      },
      stdio: ['ignore', log, log],
    });
    running.child = child;
    this.#record();
    child.once('exit', () => {
      running.child = null;
      if (this.#stopping || !this.#running.has(spec.name)) return;
      running.restarts += 1;
      const delayMs = Math.min(10_000, 200 * 2 ** Math.min(6, running.restarts));
      setTimeout(() => {
        if (!this.#stopping && this.#running.has(spec.name)) this.#spawn(running);
      }, delayMs).unref();
    });
  }

  pidOf(name: string): number | null {
    return this.#running.get(name)?.child?.pid ?? null;
  }

  /** What a service was started with; another of its kind can be started with the same. */
  envOf(name: string): Readonly<Record<string, string>> {
    return this.#running.get(name)?.spec.env ?? {};
  }

  get names(): string[] {
    return [...this.#running.keys()];
  }

  /** Ends one service and does not start it again. */
  async stop(name: string): Promise<void> {
    const running = this.#running.get(name);
    this.#running.delete(name);
    const identity = running ? identityOf(running) : null;
    if (identity) await endProcess(identity);
    this.#record();
  }

  /** Waits until every service answers on /readyz; says which does not, with the end of its log. */
  async ready(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (const running of this.#running.values()) {
      // Who answers may be another where its own process could not listen.
      while (running.child === null || !(await answers(`${running.healthUrl}/readyz`))) {
        if (performance.now() > deadline)
          throw new SystemError(
            `${running.spec.name} is not ready after ${timeoutMs / 1000} s. The end of its log:\n${this.#logTail(running.spec.name)}`,
          );
        await sleep(50);
      }
    }
  }

  async stopAll(): Promise<void> {
    this.#stopping = true;
    const identities = [...this.#running.values()].map(identityOf).filter((i) => i !== null);
    await Promise.all(identities.map((identity) => endProcess(identity)));
    this.#running.clear();
    this.#record();
  }

  #logTail(name: string): string {
    return readFileSync(join(this.#dir, 'log', `${name}.log`), 'utf8')
      .split('\n')
      .slice(-15)
      .join('\n');
  }

  #record(): void {
    const identities = [...this.#running.values()].map(identityOf).filter((i) => i !== null);
    const path = join(this.#dir, 'services.json');
    writeFileSync(`${path}.new`, JSON.stringify(identities));
    renameSync(`${path}.new`, path);
  }
}

/** Ends what an earlier run in this folder left behind. */
export async function endLeftovers(dir: string): Promise<void> {
  let identities: ProcessIdentity[];
  try {
    identities = JSON.parse(readFileSync(join(dir, 'services.json'), 'utf8')) as ProcessIdentity[];
  } catch {
    return; // Nothing was ever started here.
  }
  await Promise.all(identities.map((identity) => endProcess(identity)));
}

function identityOf(running: Running): ProcessIdentity | null {
  const pid = running.child?.pid;
  if (pid === undefined) return null;
  const startTicks = startTicksOf(pid);
  return startTicks === null ? null : { pid, startTicks };
}

function otelEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    ([name]) => name.startsWith('OTEL_') || name === 'NETVERDICT_LOG_LEVEL',
  );
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? '']));
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
