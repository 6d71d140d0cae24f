/** Child processes that are killed, stopped in their tracks and started again, by pid; none outlives this process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileCache, repositoryRoot } from '../../../clients/cli/src/local/repository.ts';

export interface ProcessSpec {
  readonly name: string;
  /** Path of the module, from the repository's root. */
  readonly main: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Path of the network namespace that it runs in; ours when absent. */
  readonly netns?: string;
}

interface Held {
  readonly spec: ProcessSpec;
  child: ChildProcess | null;
  /** It may end now: it is being killed, or has no more to do. */
  expected: boolean;
}

export class Processes {
  readonly #dir: string;
  readonly #held = new Map<string, Held>();
  readonly #most = new Map<string, number>();
  /** Ended although nobody killed them: a finding each. */
  readonly died: string[] = [];

  constructor(dir: string) {
    this.#dir = join(dir, 'log');
    mkdirSync(this.#dir, { recursive: true });
  }

  start(spec: ProcessSpec): void {
    const held: Held = { spec, child: null, expected: false };
    this.#held.set(spec.name, held);
    this.#spawn(held);
  }

  #spawn(held: Held): void {
    const { name, main, args = [], env = {}, netns } = held.spec;
    const log = openSync(this.logFile(name), 'a', 0o600);
    const into = netns === undefined ? [] : ['nsenter', `--net=${netns}`];
    const command = [...into, process.execPath, '--max-semi-space-size=4', join(repositoryRoot, main), ...args];
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
      cwd: repositoryRoot,
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', NODE_COMPILE_CACHE: compileCache, ...env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    held.child = child;
    held.expected = false;
    child.once('exit', (code, signal) => {
      held.child = null;
      if (!held.expected && code !== 0) this.died.push(`${name} (${signal ?? code})`);
    });
  }

  logFile(name: string): string {
    return join(this.#dir, `${name}.log`);
  }

  pidOf(name: string): number | null {
    return this.#held.get(name)?.child?.pid ?? null;
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.#held.get(name)?.child?.kill(signal);
  }

  /** SIGKILL. Resolves when it is gone. */
  async kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const held = this.#held.get(name);
    if (!held?.child) return;
    this.sample();
    held.expected = true;
    const gone = this.ended(name);
    held.child.kill(signal);
    await gone;
  }

  /** The same once more, after it was killed. */
  again(name: string): void {
    const held = this.#held.get(name);
    if (held && held.child === null) this.#spawn(held);
  }

  ended(name: string): Promise<void> {
    const child = this.#held.get(name)?.child;
    if (!child) return Promise.resolve();
    return new Promise((resolve) => child.once('exit', () => resolve()));
  }

  /** Looks at what each takes of memory; VmHWM is the most since it was started, so nothing is missed in between. */
  sample(): void {
    for (const [name, { child }] of this.#held) {
      if (child?.pid === undefined) continue;
      const mib = mostMib(child.pid);
      if (mib !== null) this.#most.set(name, Math.max(mib, this.#most.get(name) ?? 0));
    }
  }

  /** The most that each took, in MiB. */
  get most(): ReadonlyMap<string, number> {
    return this.#most;
  }

  async stopAll(): Promise<void> {
    for (const name of this.#held.keys()) this.signal(name, 'SIGCONT');
    await Promise.all([...this.#held.keys()].map((name) => this.kill(name)));
  }
}

function mostMib(pid: number): number | null {
  try {
    const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? null : Math.round(Number(kib) / 1024);
  } catch {
    return null;
  }
}
