/** What a process and all below it hold and run, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // It has ended.
  }
};

export function treeOf(root: number): number[] {
  const children = read(`/proc/${root}/task/${root}/children`).trim().split(' ').filter(Boolean).map(Number);
  return [root, ...children.flatMap(treeOf)];
}

export interface Memory {
  readonly rssMib: number;
  /** Pages that several hold are shared out among them. */
  readonly pssMib: number;
}

export function memoryOf(root: number): Memory {
  const sum = { rssMib: 0, pssMib: 0 };
  for (const pid of treeOf(root)) {
    const text = read(`/proc/${pid}/smaps_rollup`);
    sum.rssMib += Number(/^Rss:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
    sum.pssMib += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
  }
  return sum;
}

/** Time that BPF programs held by a process or one below it have taken, ms; only while the kernel times them. */
export function programTimeMs(root: number): number {
  const times = new Map<string, number>();
  for (const pid of treeOf(root)) {
    for (const fd of names(`/proc/${pid}/fdinfo`)) {
      const text = read(`/proc/${pid}/fdinfo/${fd}`);
      const id = /^prog_id:\s+(\d+)/m.exec(text)?.[1];
      const ns = /^run_time_ns:\s+(\d+)/m.exec(text)?.[1];
      if (id !== undefined && ns !== undefined) times.set(id, Number(ns) / 1e6);
    }
  }
  return [...times.values()].reduce((sum, ms) => sum + ms, 0);
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
