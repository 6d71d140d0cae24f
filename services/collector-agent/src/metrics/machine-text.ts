/** What the machine has once, whatever namespaces there are: files that anyone may read. What is not there is absent. */
import { readdirSync, readFileSync } from 'node:fs';

export interface MachineMetrics {
  /** Per CPU: packets processed, dropped for a full backlog, and how often the time was up before the work was done. */
  readonly softnet: readonly {
    readonly cpu: number;
    readonly processed: number;
    readonly dropped: number;
    readonly squeezed: number;
  }[];
  readonly files: { readonly open: number; readonly limit: number } | null;
  readonly disks: readonly {
    readonly device: string;
    readonly readBytes: number;
    readonly writtenBytes: number;
    readonly seconds: number;
  }[];
  /** Counters of InfiniBand and RoCE ports, under the driver's names. */
  readonly rdma: readonly {
    readonly device: string;
    readonly port: string;
    readonly counter: string;
    readonly value: number;
  }[];
}

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};
const list = (path: string): string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};

/** net/core/net-procfs.c: hexadecimal columns; the thirteenth is the CPU's number where there is one (since 5.12). */
export function parseSoftnet(text: string): MachineMetrics['softnet'] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, i) => {
      const [processed = 0, dropped = 0, squeezed = 0, , , , , , , , , , cpu = i] = line
        .trim()
        .split(/\s+/)
        .map((word) => Number.parseInt(word, 16));
      return { cpu, processed, dropped, squeezed };
    });
}

const SECTOR_BYTES = 512;
/** Documentation/admin-guide/iostats.rst. Whole disks: partitions are in them, and neither loop nor memory is one. */
export function parseDisks(text: string): MachineMetrics['disks'] {
  return text.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const device = words[2] ?? '';
    if (!/^(sd[a-z]+|vd[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)$/.test(device)) return [];
    const at = (i: number): number => Number(words[i] ?? 0);
    return [{ device, readBytes: at(5) * SECTOR_BYTES, writtenBytes: at(9) * SECTOR_BYTES, seconds: at(12) / 1000 }];
  });
}

function rdma(root: string): MachineMetrics['rdma'] {
  return list(root).flatMap((device) =>
    list(`${root}/${device}/ports`).flatMap((port) =>
      ['counters', 'hw_counters'].flatMap((folder) =>
        list(`${root}/${device}/ports/${port}/${folder}`).flatMap((counter) => {
          const value = Number(read(`${root}/${device}/ports/${port}/${folder}/${counter}`)?.trim() || Number.NaN);
          return Number.isFinite(value) && counter !== 'lifespan' ? [{ device, port, counter, value }] : [];
        }),
      ),
    ),
  );
}

export function readMachine(proc = '/proc', sys = '/sys'): MachineMetrics {
  const [open, , limit] = (read(`${proc}/sys/fs/file-nr`) ?? '').trim().split(/\s+/).map(Number);
  return {
    softnet: parseSoftnet(read(`${proc}/net/softnet_stat`) ?? ''),
    files: open === undefined || limit === undefined ? null : { open, limit },
    disks: parseDisks(read(`${proc}/diskstats`) ?? ''),
    rdma: rdma(`${sys}/class/infiniband`),
  };
}
