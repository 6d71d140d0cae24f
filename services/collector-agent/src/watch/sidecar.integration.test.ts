/** The sidecar's life: killed it comes back with its settings and the gap is told; not built, the agent says so; with its parent it dies. */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Anomaly } from '@netverdict/contracts';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { builtSidecar } from '../configuration.ts';
import { attributionOf } from '../domain/attribution.ts';
import { type WatchFrame, WatchFrameReader } from './frames.ts';
import { PROBES } from './probes.ts';
import { type KernelWatch, startKernelWatch } from './watch.ts';

const folder = mkdtempSync(join(tmpdir(), 'nv-watch-'));
afterAll(() => rmSync(folder, { recursive: true }));
const running: KernelWatch[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((watch) => watch.stop()));
});

function started(
  sidecarPath: string,
  told: Anomaly[] = [],
  btfFile: string | null = null,
): { watch: KernelWatch; pids: number[] } {
  const pids: number[] = [];
  const watch = startKernelWatch({
    sidecarPath,
    btfFile,
    attribution: attributionOf({ pods: { list: async () => [] }, cgroupRoot: '/sys/fs/cgroup' }),
    hostInode: async () => 1, // nothing of this machine's own
    report: (anomalies) => void told.push(...anomalies),
    log: { info: (fields) => void pids.push((fields as { pid: number }).pid), warn() {} },
  });
  running.push(watch);
  return { watch, pids };
}

/** A sidecar takes a second to load, and more where the machine is busy. */
const patience = { timeout: 20_000 };

it('a killed sidecar comes back with what was switched, and the time it was away is told', async () => {
  const told: Anomaly[] = [];
  const { watch, pids } = started(builtSidecar, told);
  await watch.command('off drops');
  await vi.waitFor(() => expect(watch.reports()[0]).toMatchObject({ name: 'drops', state: 'off' }), patience);
  process.kill(pids[0] ?? 0, 'SIGKILL');
  await vi.waitFor(() => expect(watch.away()).toMatch(/SIGKILL/), patience);
  expect(watch.reports()).toEqual([]);
  await vi.waitFor(() => expect(watch.reports()[0]).toMatchObject({ name: 'drops', state: 'off' }), patience);
  expect(pids[1]).not.toBe(pids[0]);
  const gap = await vi.waitFor(() => {
    const found = told.find(({ kind }) => kind === 'watch-gap');
    if (found === undefined) throw new Error('no gap is told');
    return found;
  }, patience);
  expect(gap).toMatchObject({ count: 1, reason: 'SIGKILL' });
  expect(Date.parse(gap.windowEnd) - Date.parse(gap.windowStart)).toBeGreaterThanOrEqual(200);
});

it('where it is not built the agent says so and goes on', async () => {
  const { watch } = started('/no/such/sidecar');
  expect(watch.away()).toBe('/no/such/sidecar is not built');
  expect(watch.covered().size).toBe(0);
  await expect(watch.command('flush')).rejects.toThrow('does not run');
});

it('a program that writes anything but frames is stopped, and tried again later', async () => {
  const path = join(folder, 'garbage');
  writeFileSync(path, '#!/bin/sh\nprintf "this is no frame, however long one reads on"\nexec sleep 30\n', {
    mode: 0o755,
  });
  const { watch } = started(path);
  await vi.waitFor(() => expect(watch.away()).toMatch(/no frame/), patience);
});

/** What becomes of all probes when each is switched on. */
async function statusWith(...parameters: string[]) {
  const child = spawn(builtSidecar, parameters, { stdio: ['pipe', 'pipe', 'inherit'], env: {} });
  const reader = new WatchFrameReader();
  const frames: WatchFrame[] = [];
  child.stdout.on('data', (chunk: Buffer) => frames.push(...reader.push(chunk)));
  const commands = Object.keys(PROBES).map((name) => `1 on ${name}`);
  child.stdin.write(`${commands.join('\n')}\n2 quit\n`);
  await new Promise((resolve) => child.on('close', resolve));
  const probes = frames.filter((frame) => frame.type === 'status').at(-1)?.probes ?? [];
  expect(probes.map(({ name }) => name)).toEqual(Object.keys(PROBES));
  return probes;
}

it('as raw tracepoints the same probes load, for kernels without typed ones', async () => {
  for (const probe of await statusWith('--raw')) {
    expect(probe).toMatchObject({ state: 'on', missing: [] });
    for (const hook of probe.hooks) expect(hook).toMatch(/^(raw_tp|iter)\//);
  }
});

describe('a kernel without BTF of its own', () => {
  const btfFile = join(folder, 'vmlinux.btf');

  it('is watched by a file of it: without what the kernel would have to look up itself', async () => {
    copyFileSync('/sys/kernel/btf/vmlinux', btfFile);
    for (const { name, state, hooks, missing } of await statusWith('--btf', btfFile)) {
      expect(`${name}: ${state}`).toBe(`${name}: on`);
      for (const hook of hooks) expect(hook).toMatch(/^raw_tp\//);
      expect(missing).toEqual(
        { connections: ['task_file'], sockets: ['task_file'], dns: ['bpf_map_elem'] }[name] ?? [],
      );
    }
    const { watch } = started(builtSidecar, [], btfFile);
    await vi.waitFor(() => expect(watch.reports()[0]).toMatchObject({ name: 'drops', state: 'on' }), patience);
  });

  it.each([
    ['is not there', null, /No such file/],
    ['is no BTF', 'nothing of the kind', /holds no BTF/],
    ['is cut short', readFileSync('/sys/kernel/btf/vmlinux').subarray(0, 100_000), /holds no BTF/],
  ])('and where that file %s the agent says so', async (_, content, reason) => {
    rmSync(btfFile, { force: true });
    if (content !== null) writeFileSync(btfFile, content);
    const { watch } = started(builtSidecar, [], btfFile);
    await vi.waitFor(() => expect(watch.away()).toMatch(reason), patience);
    expect(watch.away()).toContain(btfFile);
    expect(watch.covered().size).toBe(0);
  });
});

it('it dies with its parent, whatever the parent dies of', async () => {
  const pidFile = join(folder, 'pid');
  // The pipe stays open in `sleep`, so only the parent's death can tell it.
  const parent = spawn('bash', ['-c', `sleep 60 | { ${builtSidecar} >/dev/null & echo $! >${pidFile}; wait; }`], {
    detached: true,
    stdio: 'ignore',
  });
  try {
    await vi.waitFor(() => expect(existsSync(pidFile) && readFileSync(pidFile, 'utf8')).toMatch(/\d/), patience);
    const sidecar = readFileSync(pidFile, 'utf8').trim();
    const status = (): string => readFileSync(`/proc/${sidecar}/status`, 'utf8');
    await vi.waitFor(() => expect(status()).toContain('Name:\tnetverdict-watc'), patience);
    const itsParent = Number(/^PPid:\t(\d+)/m.exec(status())?.[1]);
    process.kill(itsParent, 'SIGKILL');
    await vi.waitFor(() => expect(existsSync(`/proc/${sidecar}`)).toBe(false), patience);
  } finally {
    if (parent.pid !== undefined) process.kill(-parent.pid, 'SIGKILL');
  }
});
