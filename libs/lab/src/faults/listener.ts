/** Tells a pod's listener by signal where to listen, and waits until it does: a signal is handled when the process gets to run. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../errors.ts';

export type Listen = 'nowhere' | 'loopback' | 'everywhere';

const SIGNALS = { nowhere: 'SIGUSR1', loopback: 'SIGUSR2', everywhere: 'SIGHUP' } as const;
/** As /proc/net/tcp prints addresses on a little-endian machine; byte order does not matter for 0.0.0.0. */
const ADDRESSES = { loopback: ['0100007F', '7F000001'], everywhere: ['00000000'] } as const;
const DEADLINE_MS = 3000;

/** @throws LabError when the process is gone or does not follow. */
export async function setListener(pid: number, listen: Listen): Promise<void> {
  try {
    process.kill(pid, SIGNALS[listen]);
  } catch (cause) {
    throw new LabError(`the pod's process ${pid} is gone`, { cause });
  }
  const deadline = Date.now() + DEADLINE_MS;
  while (!follows(listenAddresses(pid), listen)) {
    if (Date.now() > deadline) throw new LabError(`the pod's process ${pid} does not listen ${listen}`);
    await sleep(2);
  }
}

function follows(addresses: readonly string[], listen: Listen): boolean {
  if (listen === 'nowhere') return addresses.length === 0;
  const wanted: readonly string[] = ADDRESSES[listen];
  return addresses.length > 0 && addresses.every((address) => wanted.includes(address));
}

/** Local addresses of the process's own TCP listeners, in hex: /proc/PID/net/tcp has those of the whole namespace. */
function listenAddresses(pid: number): readonly string[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1]),
  );
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && sockets.has(inode))
    .map(([, local]) => local?.split(':')[0] ?? '');
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}
