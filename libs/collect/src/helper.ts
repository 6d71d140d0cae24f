/**
 * The one native helper process, which alone holds capabilities. Operations queue: it does one at a time. When it
 * dies or hangs it is started again, later each time (100 ms up to 5 s), and what was under way fails.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { SectionKind } from '@netverdict/linux-net';
import { encodeRequest, type Frame, FrameReader, HELPER_PROTOCOL, type Operation } from './frames.ts';

export interface HelperLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export class HelperError extends Error {
  override readonly name = 'HelperError';
}

export type HelperSection =
  | { readonly kind: SectionKind; readonly text: string; readonly micros: number }
  | { readonly kind: SectionKind; readonly missing: string };

export interface FlowFilter {
  readonly protocol: number;
  readonly addresses: readonly string[];
  readonly ports: readonly number[];
}

export interface CollectOperation {
  readonly path: string;
  /** null: all kinds. */
  readonly kinds: readonly SectionKind[] | null;
  readonly flows: readonly FlowFilter[];
  /** Namespace files whose ids are looked up (section netns-ids). */
  readonly knownPaths: readonly string[];
  /** For each tool that has to be run. */
  readonly timeLimitMs: number;
}

export interface Helper {
  /** @throws HelperError when the namespace cannot be entered or the helper is gone */
  collect(operation: CollectOperation): Promise<{ inode: number; sections: HelperSection[] }>;
  /** The text of each namespace that could be read, by path. */
  counters(paths: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** The same with what else is measured: sockets, TCP states, queueing disciplines, IPVS. */
  metrics(paths: readonly string[]): Promise<ReadonlyMap<string, string>>;
  inodes(paths: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** The file of the namespace with that inode, where a process is in it. */
  find(inode: number): Promise<string | null>;
  readonly pid: () => number | null;
  close(): Promise<void>;
}

interface Job {
  readonly id: string;
  readonly request: Buffer;
  readonly deadlineMs: number;
  readonly frames: Frame[];
  readonly resolve: (frames: Frame[]) => void;
  readonly reject: (error: Error) => void;
}

const OPERATION_MS = 60_000;
const BACKOFF_MS = { first: 100, most: 5000 };

export function startHelper(path: string, log: HelperLog): Helper {
  const queue: Job[] = [];
  let current: Job | null = null;
  let timer: NodeJS.Timeout | undefined;
  let child: ChildProcess | null = null;
  let ready = false;
  let failures = 0;
  let closed = false;
  let restartTimer: NodeJS.Timeout | undefined;
  let serial = 0;

  function start(): void {
    restartTimer = undefined;
    const reader = new FrameReader();
    const started = spawn(path, [], { stdio: ['pipe', 'pipe', 'pipe'], env: {} });
    child = started;
    ready = false;
    let gone = false;
    const end = (reason: string): void => {
      if (gone) return;
      gone = true;
      clearTimeout(timer);
      if (child === started) child = null;
      const job = current;
      current = null;
      job?.reject(new HelperError(`the collecting helper stopped: ${reason}`));
      if (closed) return;
      const waitMs = Math.min(BACKOFF_MS.first * 2 ** Math.min(failures++, 10), BACKOFF_MS.most);
      log.warn({ reason, waitMs }, 'the collecting helper stopped, starting it again');
      // While it cannot run, whoever waits is told at once rather than at a deadline.
      for (const waiting of queue.splice(0))
        waiting.reject(new HelperError(`the collecting helper stopped: ${reason}`));
      restartTimer = setTimeout(start, waitMs);
    };
    let complaint = '';
    started.stderr?.on('data', (chunk: Buffer) => {
      complaint = chunk.toString('utf8').trim().slice(0, 300);
    });
    started.on('error', (error) => end(error.message));
    started.on('exit', (code, signal) => end(`${signal ?? `exit ${code}`}${complaint === '' ? '' : `: ${complaint}`}`));
    started.stdin?.on('error', () => {});
    started.stdout?.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) take(frame, started);
      } catch (error) {
        started.kill('SIGKILL');
        end(error instanceof Error ? error.message : String(error));
      }
    });
  }

  function take(frame: Frame, from: ChildProcess): void {
    if (frame.type === 'hello') {
      if (frame.version !== HELPER_PROTOCOL)
        throw new Error(`it speaks protocol ${frame.version}, not ${HELPER_PROTOCOL}: build it again`);
      ready = true;
      log.info({ pid: from.pid }, 'the collecting helper runs');
      next();
      return;
    }
    if (current === null || frame.id !== current.id) return;
    current.frames.push(frame);
    if (frame.type !== 'end' && frame.type !== 'problem') return;
    const job = current;
    current = null;
    failures = 0;
    clearTimeout(timer);
    if (frame.type === 'problem') job.reject(new HelperError(frame.message));
    else job.resolve(job.frames);
    next();
  }

  function next(): void {
    if (current !== null || child === null || !ready) return;
    current = queue.shift() ?? null;
    if (current === null) return;
    const running = child;
    timer = setTimeout(() => {
      log.warn({ pid: running.pid }, 'the collecting helper hangs, killing it');
      running.kill('SIGKILL');
    }, current.deadlineMs);
    running.stdin?.write(current.request);
  }

  function run(operation: Operation, fields: readonly string[], deadlineMs = OPERATION_MS): Promise<Frame[]> {
    const id = String(++serial);
    if (closed) return Promise.reject(new HelperError('the agent is stopping'));
    return new Promise((resolve, reject) => {
      queue.push({ id, request: encodeRequest(operation, id, fields), deadlineMs, frames: [], resolve, reject });
      next();
    });
  }

  async function texts(operation: 'N' | 'T', paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    if (paths.length === 0) return found;
    for (const frame of await run(operation, [paths.join('\n')]))
      if (frame.type === 'section') found.set(frame.kind, frame.text);
    return found;
  }

  start();
  return {
    async collect({ path: netns, kinds, flows, knownPaths, timeLimitMs }) {
      const filter = flows.map((f) => `${f.protocol}|${f.addresses.join(',')}|${f.ports.join(',')}`).join(';');
      const fields = [netns, kinds === null ? '*' : kinds.join(','), filter, knownPaths.join('\n'), `${timeLimitMs}`];
      const frames = await run('C', fields, Math.max(OPERATION_MS, 3 * timeLimitMs));
      let inode = 0;
      const sections: HelperSection[] = [];
      for (const frame of frames) {
        if (frame.type === 'inode') inode = frame.inode;
        else if (frame.type === 'section')
          sections.push({ kind: frame.kind as SectionKind, text: frame.text, micros: frame.micros });
        else if (frame.type === 'missing') sections.push({ kind: frame.kind as SectionKind, missing: frame.reason });
      }
      return { inode, sections };
    },
    counters: (paths) => texts('N', paths),
    metrics: (paths) => texts('T', paths),
    async inodes(paths) {
      const found = new Map<string, number>();
      if (paths.length === 0) return found;
      for (const frame of await run('I', [paths.join('\n')])) {
        if (frame.type !== 'section') continue;
        for (const line of frame.text.split('\n')) {
          const at = line.indexOf(' ');
          if (at > 0) found.set(line.slice(at + 1), Number(line.slice(0, at)));
        }
      }
      return found;
    },
    async find(inode) {
      for (const frame of await run('F', [`${inode}`])) if (frame.type === 'section') return frame.text;
      return null;
    },
    pid: () => child?.pid ?? null,
    close() {
      closed = true;
      clearTimeout(restartTimer);
      clearTimeout(timer);
      for (const waiting of queue.splice(0)) waiting.reject(new HelperError('the agent is stopping'));
      const running = child;
      if (running === null || running.exitCode !== null) return Promise.resolve();
      return new Promise((resolve) => {
        const force = setTimeout(() => running.kill('SIGKILL'), 1000);
        running.once('exit', () => {
          clearTimeout(force);
          resolve();
        });
        running.stdin?.end();
      });
    },
  };
}
