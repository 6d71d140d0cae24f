/**
 * A process is ended by its pid, and only while it is the process that we started: pids are reused, so the start
 * time (field 22 of /proc/PID/stat, in clock ticks since boot; proc(5)) is kept beside it.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: string;
}

/** null when no such process is there (or it is a zombie that only waits to be reaped). */
export function startTicksOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name stands in parentheses and may hold spaces; fields are counted after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

export const isAlive = (identity: ProcessIdentity): boolean => startTicksOf(identity.pid) === identity.startTicks;

/** SIGTERM, and SIGKILL after `graceMs`. Returns when the process is gone. */
export async function endProcess(identity: ProcessIdentity, graceMs = 6000): Promise<void> {
  if (!isAlive(identity)) return;
  process.kill(identity.pid, 'SIGTERM');
  const deadline = performance.now() + graceMs;
  while (isAlive(identity) && performance.now() < deadline) await sleep(20);
  if (isAlive(identity)) process.kill(identity.pid, 'SIGKILL');
  while (isAlive(identity)) await sleep(10);
}
