import { expect, it } from 'vitest';
import { podNamespace } from '../testing/pod.ts';
import { attributionOf } from './attribution.ts';
import type { PodNamespace } from './pods.ts';

function world() {
  const state = { now: 0, asked: [] as number[], pods: [] as PodNamespace[] };
  const attribution = attributionOf({
    pods: {
      list: async (maxAgeMs) => {
        state.asked.push(maxAgeMs);
        return state.pods;
      },
    },
    cgroupRoot: '/nowhere',
    now: () => state.now,
  });
  return { state, attribution };
}

it('a pod that is gone keeps its name for late events, and a namespace used anew has the new name', async () => {
  const { state, attribution } = world();
  state.pods = [podNamespace({ namespace: 'shop', name: 'old', path: '/p', inode: 5 })];
  await attribution.learn();
  state.pods = [];
  state.now = 9 * 60_000;
  await attribution.learn();
  expect(attribution.ofNetns(5)?.pod.name).toBe('old');
  state.pods = [podNamespace({ namespace: 'shop', name: 'new', path: '/p', inode: 5 })];
  await attribution.learn();
  expect(attribution.ofNetns(5)?.pod.name).toBe('new');
  state.pods = [];
  state.now += 10 * 60_000 + 1;
  await attribution.learn();
  expect(attribution.ofNetns(5)).toBeNull();
});

it('something in an unknown namespace asks the runtime at once, but not again each second', async () => {
  const { state, attribution } = world();
  for (const now of [0, 1000, 2000, 31_000]) {
    state.now = now;
    await attribution.learn([4_026_531_833]);
  }
  expect(state.asked).toEqual([200, 5000, 5000, 200]);
});

it('the number of a namespace that ended is another pod’s: what happens in it asks at once whose it is', async () => {
  const { state, attribution } = world();
  state.pods = [podNamespace({ namespace: 'shop', name: 'old', path: '/p', inode: 5 })];
  await attribution.learn([5]); // unknown yet
  state.pods = [];
  state.now = 1000;
  await attribution.learn([5]); // there when last asked
  for (const now of [2000, 3000]) {
    state.now = now;
    await attribution.learn([5]); // late, of one that was gone: asked once
  }
  expect(attribution.ofNetns(5)?.pod.name).toBe('old');
  state.pods = [podNamespace({ namespace: 'shop', name: 'new', path: '/q', inode: 5 })];
  for (const now of [40_000, 41_000]) {
    state.now = now;
    await attribution.learn([5]);
    expect(attribution.ofNetns(5)?.pod.name).toBe('new');
  }
  expect(state.asked).toEqual([200, 5000, 200, 5000, 200, 5000]);
});

it('in a pod’s own namespace the pod is told whatever a socket says', async () => {
  const { state, attribution } = world();
  state.pods = [podNamespace({ namespace: 'shop', name: 'cart', path: '/p', inode: 5 })];
  await attribution.learn();
  expect(attribution.ofSockets(5, [{ cgroup: 77n, pid: 1 }])?.pod.name).toBe('cart');
  expect(attribution.ofSockets(6, [{ cgroup: 77n, pid: 0 }])).toBeNull();
});
