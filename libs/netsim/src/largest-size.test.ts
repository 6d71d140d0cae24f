import type { Flow } from '@netverdict/linux-net';
import { expect, it } from 'vitest';
import { diagnose } from './diagnose.ts';
import { evaluate } from './evaluate.ts';
import { largestSize } from './largest-size.ts';
import { cluster } from './testing/cluster.ts';
import { linkDown, nft } from './testing/edits.ts';
import { A1, A2, B1, flow, HOST1, HOST2 } from './testing/flows.ts';
import { NAMES } from './testing/rows.ts';

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

it('is in the verdict of a flow that gets through, and in no other', () => {
  const said = (asked: Flow, edit = {}) => diagnose(cluster({ edit }), asked, NAMES).diagnosis.verdict.largestSizeBytes;
  expect(said(flow(A1, '10.244.2.2:80'))).toBe(1450);
  expect(said(flow(A1, '10.244.2.2:80'), { [A2]: linkDown('eth0') })).toBeUndefined();
});

it('a rule on the length is found by halves', () => {
  const world = cluster({
    edit: {
      [HOST2]: nft({
        filter: {
          FORWARD: [
            {
              matches: [{ kind: 'length', negate: false, range: { from: 1001, to: 65535 } }],
              target: { kind: 'drop' },
            },
          ],
        },
      }),
    },
  });
  expect(largestSize(world, flow(A1, '10.244.2.2:80'))).toBe(1000);
});
