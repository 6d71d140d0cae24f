import { expect, it } from 'vitest';
import { FlowSums } from './flows.ts';
import type { Flow } from './records.ts';

const flow = (more: Partial<Flow>): Flow => ({
  netns: 1,
  port: 80,
  direction: 'out',
  family: 'ipv4',
  address: '10.0.0.1',
  peer: '10.0.0.2',
  cgroup: 0n,
  sentBytes: 10,
  receivedBytes: 1,
  sentPackets: 2,
  receivedPackets: 2,
  sentAgain: 0,
  opened: 1,
  closed: 1,
  ...more,
});
const whose = (name: string) => ({
  pod: { namespace: 'shop', name },
  workload: { kind: 'Pod', namespace: 'shop', name },
});
const names = {
  ofNetns: (n: number) => (n === 1 ? whose('cart') : null),
  ofCgroup: (c: bigint) => (c === 9n ? whose('proxy') : null),
};

it('flows of one kind are one, named by the namespace, or by the cgroup where that is nobody’s', () => {
  const sums = new FlowSums(0);
  sums.add(
    { startMs: 1000, flows: [flow({}), flow({ sentBytes: 5 }), flow({ netns: 2, cgroup: 9n }), flow({ netns: 3 })] },
    (n) => n !== 3,
    names,
  );
  const told = sums.take(2000);
  expect(told).toHaveLength(2);
  expect(told[0]).toMatchObject({
    pod: { name: 'cart' },
    sentBytes: 15,
    sentPackets: 4,
    opened: 2,
    closed: 2,
    peer: '10.0.0.2',
    port: 80,
  });
  expect(told[1]).toMatchObject({ netns: 2, pod: { name: 'proxy' } });
  expect(sums.take(3000)).toEqual([]);
});

it('10,000 far ends are told in bounds, and no byte is left out; a clock set back makes no window that ends before it began', () => {
  const sums = new FlowSums(0, 100);
  const flows = Array.from({ length: 10_000 }, (_, i) => flow({ peer: `10.1.${i >> 8}.${i & 255}`, sentBytes: i }));
  sums.add({ startMs: 5000, flows }, () => true, names);
  const told = sums.take(1000);
  expect(told).toHaveLength(101);
  expect(told.reduce((sum, { sentBytes }) => sum + sentBytes, 0)).toBe((9999 * 10_000) / 2);
  expect(told.at(-1)).toMatchObject({ peer: null, port: null, pod: { name: 'cart' }, opened: 9900 });
  expect(told[0]).toMatchObject({ windowStart: told[0]?.windowEnd });
});
