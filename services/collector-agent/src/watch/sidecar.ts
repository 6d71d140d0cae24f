/**
 * The life of the native sidecar: started, asked, started again with back-off when it dies. What it did not see meanwhile is a gap, told
 * with its length: no events and no observer must look different.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type WatchFrame, WatchFrameReader } from './frames.ts';

export interface SidecarLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: string;
}

export type SidecarState =
  | { readonly kind: 'running'; readonly pid: number }
  | { readonly kind: 'away'; readonly reason: string };

export interface Sidecar {
  /** Sends one command (native/watch/README.md); settings survive a restart. @throws with the sidecar's reason */
  command(text: string): Promise<void>;
  state(): SidecarState;
  close(): Promise<void>;
}

const BACKOFF_MS = { first: 200, most: 30_000 };
const HEALTHY_MS = 10_000;

export function startSidecar(options: {
  readonly path: string;
  readonly parameters: readonly string[];
  readonly log: SidecarLog;
  readonly onFrame: (frame: WatchFrame) => void;
  /** Called when it runs again. */
  readonly onGap: (gap: Gap) => void;
}): Sidecar {
  const { path, parameters, log, onFrame, onGap } = options;
  const waiting = new Map<string, { resolve(): void; reject(error: Error): void }>();
  /** The last of each setting, said again to a new process. */
  const settings = new Map<string, string>();
  let child: ChildProcess | null = null;
  let state: SidecarState = { kind: 'away', reason: 'not started yet' };
  let ready: (() => void) | null = null;
  let started = 0;
  /** When its last whole window came: what was counted after that went with it. */
  let lastWindowMs: number | null = null;
  let failures = 0;
  let gap: { fromMs: number; reason: string } | null = null;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let serial = 0;

  function start(): void {
    timer = undefined;
    if (!existsSync(path)) {
      // Nothing to wait for: it is built once, with the agent.
      state = { kind: 'away', reason: `${path} is not built` };
      log.warn({ path }, 'the eBPF sidecar is not there: probes are off, the counters are still read');
      return;
    }
    const reader = new WatchFrameReader();
    const running = spawn(path, parameters, { stdio: ['pipe', 'pipe', 'pipe'], env: {} });
    child = running;
    started = performance.now();
    let complaint = '';
    let gone = false;
    const end = (reason: string): void => {
      if (gone) return;
      gone = true;
      child = null;
      state = { kind: 'away', reason };
      for (const { reject } of waiting.values()) reject(new Error(`the sidecar stopped: ${reason}`));
      waiting.clear();
      if (closed) return;
      gap ??= { fromMs: lastWindowMs ?? Date.now(), reason };
      if (performance.now() - started > HEALTHY_MS) failures = 0;
      const waitMs = Math.min(BACKOFF_MS.first * 2 ** Math.min(failures++, 10), BACKOFF_MS.most);
      log.warn({ reason, waitMs }, 'the eBPF sidecar stopped, starting it again');
      timer = setTimeout(start, waitMs);
    };
    running.stderr?.on('data', (chunk: Buffer) => {
      complaint = chunk.toString('utf8').trim().slice(0, 300);
    });
    running.on('error', (error) => end(error.message));
    // `close` comes after the last of its output.
    running.on('close', (code, signal) =>
      end(`${signal ?? `exit ${code}`}${complaint === '' ? '' : `: ${complaint}`}`),
    );
    running.stdin?.on('error', () => {});
    running.stdout?.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) take(frame, running);
      } catch (error) {
        running.kill('SIGKILL');
        end(error instanceof Error ? error.message : String(error));
      }
    });
  }

  function take(frame: WatchFrame, from: ChildProcess): void {
    if (frame.type === 'reply') {
      const asked = waiting.get(frame.id);
      waiting.delete(frame.id);
      if (frame.problem === null) asked?.resolve();
      else asked?.reject(new Error(frame.problem));
      return;
    }
    if (frame.type === 'window') lastWindowMs = Date.now();
    if (frame.type === 'status' && state.kind === 'away') {
      state = { kind: 'running', pid: from.pid ?? 0 };
      log.info({ pid: from.pid }, 'the eBPF sidecar runs');
      for (const text of settings.values()) from.stdin?.write(`again ${text}\n`);
      if (gap !== null) onGap({ ...gap, toMs: Date.now() });
      gap = null;
      ready?.();
    }
    onFrame(frame);
  }

  start();
  return {
    async command(text) {
      if (/[\n\0]/.test(text)) throw new Error('a command is one line');
      if (state.kind === 'away' && child !== null)
        await new Promise<void>((resolve) => {
          const before = ready;
          ready = () => {
            before?.();
            resolve();
          };
        });
      const running = child;
      if (running === null) throw new Error(`the sidecar does not run: ${state.kind === 'away' ? state.reason : ''}`);
      const id = String(++serial);
      await new Promise<void>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        running.stdin?.write(`${id} ${text}\n`);
      });
      const [verb = '', probe = '', what = ''] = text.split(' ');
      if (verb === 'on' || verb === 'off') settings.set(probe, text);
      if (verb === 'reset') for (const key of settings.keys()) if (key.startsWith(`${probe} `)) settings.delete(key);
      if (verb === 'set') settings.set(`${probe} ${what}`, text);
    },
    state: () => state,
    close() {
      closed = true;
      clearTimeout(timer);
      const running = child;
      if (running === null) return Promise.resolve();
      return new Promise((resolve) => {
        const force = setTimeout(() => running.kill('SIGKILL'), 1000);
        running.once('close', () => {
          clearTimeout(force);
          resolve();
        });
        running.stdin?.end();
      });
    },
  };
}
