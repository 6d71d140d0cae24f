/** Real sockets in a real cgroup of version 2: pods that use the node's network are told apart. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Anomaly } from '@netverdict/contracts';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { builtSidecar } from '../configuration.ts';
import { type Interpreter, interpreterIn } from '../testing/interpreter.ts';
import { podNamespace } from '../testing/pod.ts';
import { type Scratch, scratchNamespace } from '../testing/scratch.ts';
import { type KernelWatch, startKernelWatch } from '../watch/watch.ts';
import { attributionOf } from './attribution.ts';

const mount = mkdtempSync(join(tmpdir(), 'nv-cgroup2-'));
const own = join(mount, `nv-test-${process.pid}`);
const containers = ['a', 'b'].map((digit) => digit.repeat(64));
const cgroups = containers.map((id) => join(own, `cri-containerd-${id}.scope`));
const told: Anomaly[] = [];
let node: Scratch;
let watch: KernelWatch;
const pythons: Interpreter[] = [];

beforeAll(async () => {
  execFileSync('mount', ['-t', 'cgroup2', 'none', mount]);
  node = scratchNamespace('cgroups');
  for (const cgroup of cgroups) {
    mkdirSync(cgroup, { recursive: true });
    const python = interpreterIn(node.name);
    pythons.push(python);
    await python.run(`import os\nopen('${cgroup}/cgroup.procs', 'w').write(str(os.getpid()))`);
  }
  pythons.push(interpreterIn(node.name));
  const { inode } = { inode: Number(execFileSync('stat', ['-Lc', '%i', node.path], { encoding: 'utf8' })) };
  watch = startKernelWatch({
    sidecarPath: builtSidecar,
    attribution: attributionOf({
      pods: {
        list: async () =>
          containers.map((id, i) =>
            podNamespace({
              namespace: 'kube-system',
              name: `proxy-${i}`,
              path: null,
              inode: null,
              containers: [{ id, name: 'main' }],
            }),
          ),
      },
      cgroupRoot: mount,
    }),
    hostInode: async () => inode,
    report: (anomalies) => void told.push(...anomalies),
    log: { info() {}, warn: (fields, message) => console.warn(message, fields) },
  });
  await watch.command('flush');
}, 60_000);
afterAll(async () => {
  for (const python of pythons) python.close();
  await watch?.stop();
  node?.remove();
  // The processes leave their cgroups when they end, a moment after.
  await vi.waitFor(
    () => {
      for (const cgroup of cgroups) rmSync(join(cgroup, 'none'), { force: true });
      for (const path of [...cgroups, own]) rmdirSync(path);
    },
    { timeout: 20_000, interval: 50 },
  );
  execFileSync('umount', [mount]);
  rmdirSync(mount);
});

const refused = (port: number): string => `attempt(lambda: tcp().connect(('127.0.0.1', ${port})))`;

it('what happens in the node’s own namespace is told of the pod whose socket it was, and of the node where it was none’s', async () => {
  for (const [i, python] of pythons.entries()) for (let n = 0; n < 3; n++) await python.run(refused(7001 + i));
  const of = (port: number): Anomaly[] =>
    told.filter((a) => a.kind === 'tcp-connect-fail' && a.tuple?.destinationPort === port);
  await vi.waitFor(
    async () => {
      await watch.command('flush');
      for (const port of [7001, 7002, 7003])
        expect(
          of(port).reduce((sum, { count }) => sum + count, 0),
          `${port}`,
        ).toBe(3);
    },
    { timeout: 20_000, interval: 100 },
  );
  for (const i of [0, 1])
    for (const anomaly of of(7001 + i))
      expect(anomaly).toMatchObject({
        pod: { namespace: 'kube-system', name: `proxy-${i}` },
        container: 'main',
        workload: { kind: 'Pod', name: `proxy-${i}` },
      });
  for (const anomaly of of(7003)) expect(anomaly.pod).toBeNull();
});
