/** A pod ends, and another one that has its address takes its place: whatever was met before keeps the old one's name, however late it is told. */
import { statSync } from 'node:fs';
import type { Anomaly } from '@netverdict/contracts';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { builtSidecar } from '../configuration.ts';
import { attributionOf } from '../domain/attribution.ts';
import type { PodNamespace } from '../domain/pods.ts';
import { interpreterIn } from '../testing/interpreter.ts';
import { podNamespace } from '../testing/pod.ts';
import { type Scratch, scratchNamespace } from '../testing/scratch.ts';
import { type KernelWatch, startKernelWatch } from './watch.ts';

const ADDRESS = '10.82.0.9';
const told: Anomaly[] = [];
let lives: Scratch[] = [];
let listed: readonly PodNamespace[] = [];
let watch: KernelWatch;

const podIn = (name: string, { path }: Scratch) =>
  podNamespace({ namespace: 'shop', name, path, inode: statSync(path).ino });

beforeAll(async () => {
  lives = ['old', 'new'].map((role) => scratchNamespace(`reused-${role}`));
  for (const { run } of lives) run(['ip', 'addr', 'add', `${ADDRESS}/32`, 'dev', 'lo']);
  watch = startKernelWatch({
    sidecarPath: builtSidecar,
    attribution: attributionOf({ pods: { list: async () => listed }, cgroupRoot: '/sys/fs/cgroup' }),
    hostInode: async () => 1, // nothing but the pods' is told
    report: (anomalies) => void told.push(...anomalies),
    log: { info() {}, warn: (fields, message) => console.warn(message, fields) },
  });
  await watch.command('flush'); // it runs
}, 60_000);
afterAll(async () => {
  await watch?.stop();
  for (const { remove } of lives) remove();
});

async function refused({ name }: Scratch, times: number): Promise<void> {
  const python = interpreterIn(name);
  try {
    await python.run(`for i in range(${times}): attempt(lambda: tcp().connect(('${ADDRESS}', 6001)))`);
  } finally {
    python.close();
  }
}

it('late events keep the old pod’s name, and those of the new one have the new one’s', async () => {
  const [old, next] = lives as [Scratch, Scratch];
  listed = [podIn('old', old)];
  await refused(old, 1); // it is known from now on
  const failed = (name: string): Anomaly[] =>
    told.filter(({ kind, pod }) => kind === 'tcp-connect-fail' && pod?.name === name);
  const counted = (name: string, count: number) =>
    vi.waitFor(
      async () => {
        await watch.command('flush');
        expect(failed(name).reduce((sum, one) => sum + one.count, 0)).toBe(count);
      },
      { timeout: 20_000, interval: 50 },
    );
  await counted('old', 1);
  await refused(old, 2);
  listed = [podIn('new', next)]; // before the window of those two ends, or just after: both are late
  await refused(next, 4);
  await counted('new', 4);
  await counted('old', 3);
  for (const { tuple } of [...failed('old'), ...failed('new')])
    expect(tuple).toMatchObject({ source: ADDRESS, destination: ADDRESS, destinationPort: 6001 });
  await refused(old, 1); // its namespace lives a little longer than the runtime knows of it
  await counted('old', 4);
  await counted('new', 4);
});
