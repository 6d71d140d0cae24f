import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { containerCgroups, containerOfProcess, unifiedRoot } from './cgroups.ts';

const root = mkdtempSync(join(tmpdir(), 'nv-cgroups-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const id = (digit: string): string => digit.repeat(64);

it('a container’s cgroup is found by its name under either driver, and those within it', () => {
  const paths: [string, string | null][] = [
    [`kubepods.slice/kubepods-pod1.slice/cri-containerd-${id('a')}.scope`, id('a')],
    [`kubepods.slice/kubepods-pod1.slice/cri-containerd-${id('a')}.scope/init/unit.service`, id('a')],
    [`kubepods/burstable/pod2/${id('b')}`, id('b')],
    [`kubepods/burstable/pod2/${id('b')}/docker/${id('c')}`, id('c')],
    ['system.slice/sshd.service', null],
  ];
  for (const [path] of paths) mkdirSync(join(root, 'tree', path), { recursive: true });
  const found = containerCgroups(join(root, 'tree'));
  for (const [path, container] of paths)
    expect(found.get(statSync(join(root, 'tree', path), { bigint: true }).ino) ?? null, path).toBe(container);
});

it('version 2 may be the whole hierarchy, or beside version 1', () => {
  for (const [place, is] of [
    ['whole', ''],
    ['hybrid', '/unified'],
  ] as const) {
    mkdirSync(join(root, place, is), { recursive: true });
    for (const file of ['cgroup.procs', 'cgroup.controllers']) writeFileSync(join(root, place, is, file), '');
    expect(unifiedRoot(join(root, place))).toBe(join(root, place) + is);
  }
  mkdirSync(join(root, 'old', 'memory'), { recursive: true });
  expect(unifiedRoot(join(root, 'old'))).toBeNull();
});

it('of a process in version 1 any hierarchy tells the container', () => {
  const of = (pid: number, text: string): void => {
    mkdirSync(join(root, 'proc', `${pid}`), { recursive: true });
    writeFileSync(join(root, 'proc', `${pid}`, 'cgroup'), text);
  };
  of(7, `4:memory:/kubepods/burstable/podx/${id('a')}\n1:cpu:/\n`);
  of(8, `0::/kubepods.slice/kubepods-pod1.slice:cri-containerd:${id('b')}\n`);
  of(9, '4:memory:/user.slice\n');
  expect([7, 8, 9, 10].map((pid) => containerOfProcess(pid, join(root, 'proc')))).toEqual([
    id('a'),
    id('b'),
    null,
    null,
  ]);
});
