import type { PodSandboxStatus } from '@netverdict/cri';
import { expect, it } from 'vitest';
import { podsOf } from './pods.ts';

const status = (id: string, more: Partial<PodSandboxStatus>): PodSandboxStatus => ({
  id,
  metadata: { namespace: 'shop', name: id, uid: id, attempt: 0 },
  state: 'ready',
  createdAtMs: 0,
  labels: {},
  annotations: {},
  ips: [],
  hostNetwork: false,
  pid: null,
  netnsPath: null,
  ...more,
});

it('a pod’s namespace is the pinned file, else its process’s; each sandbox is asked about once', async () => {
  const all = new Map([
    ['pinned', status('pinned', { netnsPath: '/run/netns/a', pid: 9 })],
    ['by-pid', status('by-pid', { pid: 7 })],
    ['host', status('host', { hostNetwork: true })],
    ['gone', status('gone', { netnsPath: '/run/netns/gone' })],
  ]);
  const asked: string[] = [];
  const pods = podsOf(
    () => ({
      listPodSandboxes: async () => [...all.values()],
      listContainers: async () => [],
      podSandboxStatus: async (id) => {
        asked.push(id);
        const found = all.get(id);
        if (found === undefined) throw new Error('no such sandbox');
        return found;
      },
    }),
    {
      inodes: async (paths) =>
        new Map(paths.filter((p) => !p.endsWith('gone')).map((p): [string, number] => [p, p.length])),
    },
  );
  expect((await pods.list(0)).map((p) => [p.name, p.path])).toEqual([
    ['pinned', '/run/netns/a'],
    ['by-pid', '/proc/7/ns/net'],
    ['host', null],
  ]);
  await pods.list(0);
  expect(asked).toEqual(['pinned', 'by-pid', 'host', 'gone', 'gone']);
  all.delete('pinned');
  expect((await pods.list(10_000)).map((p) => p.name)).toContain('pinned');
  expect((await pods.list(-1)).map((p) => p.name)).toEqual(['by-pid', 'host']);
});
