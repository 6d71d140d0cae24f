/** What the agent, its helper and its sidecar use of the machine, from /proc/PID/stat. */
import { readFileSync } from 'node:fs';

export interface Usage {
  /** Since each began, of those that ended too. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** USER_HZ: fixed at 100 for userspace on every architecture that this runs on (include/asm-generic/param.h). */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** proc_pid_stat(5): utime 14, stime 15, rss 24; the name before them is in parentheses and may hold anything. */
export function parseStat(text: string): Usage {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const at = (n: number): number => Number(fields[n - 3] ?? 0);
  return { cpuSeconds: (at(14) + at(15)) / TICKS_PER_SECOND, memoryBytes: at(24) * PAGE_BYTES };
}

/** @param pids of children that live now; a process's last time is kept when it is gone */
export function usageOf(pids: () => readonly (number | null)[], read = readStat): () => Usage {
  const last = new Map<number, number>();
  let ended = 0;
  return () => {
    const children = new Set(pids().flatMap((pid) => pid ?? []));
    for (const [pid, seconds] of last)
      if (!children.has(pid)) {
        ended += seconds;
        last.delete(pid);
      }
    const { user, system } = process.cpuUsage();
    let cpuSeconds = (user + system) / 1e6 + ended;
    let memoryBytes = process.memoryUsage.rss();
    for (const pid of children) {
      const text = read(pid);
      const usage = text === null ? { cpuSeconds: last.get(pid) ?? 0, memoryBytes: 0 } : parseStat(text);
      last.set(pid, usage.cpuSeconds);
      cpuSeconds += usage.cpuSeconds;
      memoryBytes += usage.memoryBytes;
    }
    return { cpuSeconds, memoryBytes };
  };
}

function readStat(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
}
