/** CPU time of a process and all below it, from /proc: steadier than wall-clock time on a machine that others use too. */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: 100 on every Linux that Node runs on (proc(5), sysconf(_SC_CLK_TCK)). */
const TICK_MS = 10;

interface Usage {
  readonly parent: number;
  readonly ms: number;
}

function usageOf(pid: string): Usage | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // utime, stime, and cutime, cstime: of children that have ended.
    const ticks = [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0);
    return { parent: Number(fields[1]), ms: ticks * TICK_MS };
  } catch {
    return null; // It has ended.
  }
}

/** Milliseconds of user and system time so far. */
export function cpuTimeMs(root: number): number {
  const all = new Map<number, Usage>();
  for (const name of readdirSync('/proc')) {
    const usage = /^\d+$/.test(name) ? usageOf(name) : null;
    if (usage) all.set(Number(name), usage);
  }
  const below = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at !== 0; at = all.get(at)?.parent)
      if (at === root) return true;
    return false;
  };
  return [...all].reduce((sum, [pid, { ms }]) => (below(pid) ? sum + ms : sum), 0);
}
