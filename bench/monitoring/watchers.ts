/** Those whose cost is compared: our agent with all its default probes, and two tools of Debian's that watch drops. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CONFIGURABLE_PROBES } from '@netverdict/contracts';
import { treeOf } from './processes.ts';
import type { WatchedNode } from './watched-node.ts';

export interface Watcher {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const ALL_OFF = Object.fromEntries(Object.keys(CONFIGURABLE_PROBES).map((probe) => [probe, { enabled: false }]));

/** Stopped it is as if it were not there: no program is attached, and no process of it runs. */
export function ourAgent(node: WatchedNode): Watcher {
  const signal = (name: 'SIGSTOP' | 'SIGCONT'): void => {
    for (const pid of treeOf(node.pid)) process.kill(pid, name);
  };
  return {
    name: 'all default probes',
    async start() {
      signal('SIGCONT');
      await node.configure({});
    },
    async stop() {
      await node.configure(ALL_OFF);
      signal('SIGSTOP');
    },
  };
}

const PROGRAM = 'BEGIN { printf("ready\\n"); } tracepoint:skb:kfree_skb { @[args->reason, args->location] = count(); }';
const TRACING = '/sys/kernel/tracing';
/** Where nobody has mounted tracefs: in a mount namespace of its own, so that the machine stays as it is. */
const MOUNTED = ['-m', '--', 'sh', '-c', `mount -t tracefs tracefs ${TRACING} && exec "$@"`, 'sh'];

const BPFTRACE = ['bpftrace', '-e', PROGRAM] as const;
const DROPWATCH = ['dropwatch', '-l', 'kas'] as const;

function spawnTool(argv: readonly string[], mount: boolean): ChildProcess {
  const [command = '', ...args] = mount ? ['unshare', ...MOUNTED, ...argv] : argv;
  return spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
}

function tool(name: string, argv: readonly string[], mount: boolean, input: string, ready: RegExp): Watcher {
  let child: ChildProcess | null = null;
  return {
    name,
    async start() {
      const started = spawnTool(argv, mount);
      child = started;
      let said = '';
      await new Promise<void>((resolve, reject) => {
        const failed = (why: string): void => reject(new Error(`${name}: ${why}`));
        const timer = setTimeout(() => failed(`not ready after 20 s: ${said}`), 20_000);
        const hear = (data: Buffer): void => {
          said += data.toString();
          if (ready.test(said)) resolve(clearTimeout(timer));
        };
        started.stdout?.on('data', hear);
        started.stderr?.on('data', hear);
        started.stdin?.on('error', () => {}); // It ends before it reads: what it said tells why.
        started.once('error', (error) => failed(error.message));
        started.once('exit', () => failed(said.trim().replaceAll('\n', '; ') || 'it ended'));
        started.stdin?.write(input);
      });
      await sleep(200); // it says so a moment before
    },
    async stop() {
      const running = child;
      child = null;
      if (running === null || running.exitCode !== null || running.signalCode !== null) return;
      const ended = new Promise((resolve) => running.once('exit', resolve));
      running.kill('SIGINT');
      const timer = setTimeout(() => running.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(timer);
    },
  };
}

export interface Candidate {
  readonly watcher: Watcher;
  /** Why it cannot be measured here, or null. */
  readonly problem: string | null;
}

/** Each is tried once. */
export async function tools(): Promise<Candidate[]> {
  const mount = !existsSync(`${TRACING}/events`);
  const both = [
    { argv: BPFTRACE, watcher: tool('bpftrace (drops)', BPFTRACE, mount, '', /ready/) },
    { argv: DROPWATCH, watcher: tool('dropwatch', DROPWATCH, false, 'start\n', /monitoring activated/i) },
  ];
  const tried: Candidate[] = [];
  for (const { argv, watcher } of both) {
    if (spawnSync('which', [argv[0]]).status !== 0) {
      tried.push({ watcher, problem: 'not installed' });
      continue;
    }
    try {
      await watcher.start();
      tried.push({ watcher, problem: null });
    } catch (error) {
      tried.push({ watcher, problem: error instanceof Error ? error.message : String(error) });
    } finally {
      await watcher.stop();
    }
  }
  return tried;
}
