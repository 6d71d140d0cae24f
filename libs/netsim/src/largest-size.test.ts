import { expect, it } from 'vitest';
import { evaluate } from './evaluate.ts';
import { largestSize } from './largest-size.ts';
import { cluster } from './testing/cluster.ts';
import { linkDown } from './testing/edits.ts';
import { A1, A2, B1, flow, HOST1 } from './testing/flows.ts';

it.each([
  ['a pod to a pod of its node: what the devices take', flow(A1, '10.244.1.3:80'), 1450],
  ['a pod to a pod of another node: what is left within the tunnel', flow(A1, '10.244.2.2:80'), 1450],
  ['a node to a pod of another node: the same', flow(HOST1, '10.244.2.2:80'), 1450],
])('%s', (_name, asked, bytes) => {
  const world = cluster();
  expect(largestSize(world, asked)).toBe(bytes);
  const reachable = (sizeBytes: number): number =>
    evaluate(world, { ...asked, sizeBytes, dontFragment: true }).shares.reachable;
  expect([reachable(bytes), reachable(bytes + 1)]).toEqual([1, 0]);
});

it('says nothing where not even the smallest packet gets through', () => {
  expect(largestSize(cluster({ edit: { [A2]: linkDown('eth0') } }), flow(B1, '10.244.2.2:80'))).toBeNull();
});
