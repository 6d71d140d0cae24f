/** Processes by pid and start time: a pid alone may long belong to someone else. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EngineError } from './errors.ts';

export interface ProcessId {
  readonly pid: number;
  /** As the system tells it, compared as text only. */
  readonly startedAt: string;
}

/** @returns null when there is no such process (a zombie counts as none). */
export function startTime(pid: number): string | null {
  try {
    if (process.platform !== 'linux')
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
    // proc(5): the command, field 2, is in parentheses and may hold anything; field 3 is the state, 22 the start.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

export const identify = (pid: number): ProcessId => ({ pid, startedAt: startTime(pid) ?? '' });
export const isAlive = (id: ProcessId): boolean => startTime(id.pid) === id.startedAt;

/** Signals, waits, and after `graceMs` kills. */
export async function terminate(id: ProcessId, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  const end = performance.now() + graceMs;
  const send = (s: NodeJS.Signals): void => {
    try {
      if (isAlive(id)) process.kill(id.pid, s);
    } catch {
      // It ended between the two looks.
    }
  };
  send(signal);
  while (isAlive(id) && performance.now() < end) await pause(10);
  send('SIGKILL');
  while (isAlive(id)) await pause(10);
}

/** nats-server and redis-server lie in sbin on some systems, which a user's PATH may lack. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Look further.
    }
  }
  return null;
}

export function requireProgram(name: string, debianPackage: string): string {
  const path = findProgram(name);
  if (path === null) throw new EngineError(`${name} is not installed (Debian: apt-get install ${debianPackage})`);
  return path;
}

export interface SpawnSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  /** Run as this user instead of root. */
  readonly as?: { readonly uid: number; readonly gid: number } | undefined;
  /** Sent when this process dies, however it dies (Linux); null lets the engine outlive it. */
  readonly deathSignal: 'TERM' | 'INT' | null;
  readonly cwd: string;
}

/**
 * Starts in a session of its own, so that Ctrl-C reaches only us and the order of stopping is ours. The child does not
 * keep our event loop alive.
 */
export function spawnEngine(spec: SpawnSpec): ChildProcess {
  const setpriv = process.platform === 'linux' ? findProgram('setpriv') : null;
  const prefix: string[] = [];
  if (setpriv !== null) {
    prefix.push(setpriv);
    if (spec.as) prefix.push(`--reuid=${spec.as.uid}`, `--regid=${spec.as.gid}`, '--clear-groups');
    // prctl(2): PR_SET_PDEATHSIG survives execve of an ordinary program.
    if (spec.deathSignal !== null) prefix.push('--pdeathsig', spec.deathSignal);
    if (prefix.length === 1) prefix.length = 0;
  }
  const [command = spec.command, ...args] = [...prefix, spec.command, ...spec.args];
  const log = openSync(spec.logFile, 'a', 0o600);
  try {
    const child = spawn(command, args, {
      stdio: ['ignore', log, log],
      detached: true,
      cwd: spec.cwd,
      env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
      ...(setpriv === null && spec.as ? spec.as : {}),
    });
    child.on('error', () => {});
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** The last lines of a log, for an error's message. */
export function lastLines(logFile: string, lines = 8): string {
  if (!existsSync(logFile)) return '';
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}
