import type { CollectOperation } from '@netverdict/collect';
import type { CollectRequest } from '@netverdict/contracts';
import { sectionKinds } from '@netverdict/linux-net';
import { expect, it } from 'vitest';
import { answerCollect, PART_BYTES, parts } from '../consume/collect.ts';
import { podNamespace } from '../testing/pod.ts';
import { collectorOf } from './collector.ts';
import type { Pods } from './pods.ts';

const pods: Pods = {
  list: async () => [
    podNamespace({ namespace: 'shop', name: 'cart', path: '/run/netns/cart', inode: 77 }),
    podNamespace({ namespace: 'kube-system', name: 'proxy', path: null, inode: null }),
  ],
};
function collectorWith(read: (operation: CollectOperation) => Promise<string>) {
  const operations: CollectOperation[] = [];
  const collector = collectorOf({
    node: 'node-1',
    hostNetns: '/host',
    pods,
    helper: {
      async collect(operation) {
        operations.push(operation);
        const text = await read(operation);
        return { inode: 42, sections: (operation.kinds ?? []).map((kind) => ({ kind, text, micros: 1 })) };
      },
      find: async (inode) => (inode === 5 ? '/proc/9/ns/net' : null),
    },
  });
  return { operations, collector };
}
const request = (more: Partial<CollectRequest>): CollectRequest => ({
  targets: [{ kind: 'host' }],
  maxAgeMs: 1000,
  knownDigests: [],
  flows: [],
  deadlineMs: 1000,
  ...more,
});

it('names each namespace by its target, and says which pod is not here', async () => {
  const { collector, operations } = collectorWith(async () => 'x');
  const { node } = await collector.collect(
    request({
      targets: [
        { kind: 'host' },
        { kind: 'pod', namespace: 'shop', name: 'cart' },
        { kind: 'pod', namespace: 'kube-system', name: 'proxy' },
        { kind: 'pod', namespace: 'shop', name: 'gone' },
        { kind: 'netns', inode: 77 },
        { kind: 'netns', inode: 5 },
        { kind: 'netns', inode: 6 },
      ],
    }),
  );
  expect(node.namespaces.map((n) => n.key)).toEqual([
    'node-1/host',
    'node-1/pod/shop/cart',
    'node-1/pod/kube-system/proxy',
    'node-1/pod/shop/gone',
    'node-1/netns/77',
    'node-1/netns/5',
    'node-1/netns/6',
  ]);
  expect(operations.map((o) => o.path)).toEqual(['/host', '/run/netns/cart', '/proc/9/ns/net']);
  expect(node.namespaces[3]?.sections[0]).toEqual({
    kind: 'ip-link',
    missing: 'no running pod shop/gone on node node-1',
  });
  expect(node.namespaces[4]?.pod).toEqual({ namespace: 'shop', name: 'cart' });
  expect(node.namespaces[6]?.sections[0]).toMatchObject({ missing: expect.stringContaining('inode 6') });
});

it('reads once for many, sends only what the asker lacks, and reads the flow’s entries for each', async () => {
  const { collector, operations } = collectorWith(async ({ kinds }) => (kinds?.length === 1 ? 'entry\n' : 'x'));
  const flow = { protocol: 6, addresses: ['10.0.0.1', '10.0.0.2'], ports: [80] };
  const all = await Promise.all([1, 2, 3].map(() => collector.collect(request({ flows: [flow] }))));
  expect(operations.filter((o) => o.kinds?.length !== 1)).toHaveLength(1);
  // The first alone, the two that came meanwhile together.
  expect(operations.filter((o) => o.kinds?.[0] === 'conntrack').map((o) => o.flows.length)).toEqual([1, 2]);
  const digests = all[0]?.texts.map((t) => t.digest) ?? [];
  expect(digests).toHaveLength(sectionKinds.length);
  const again = await collector.collect(request({ flows: [flow], knownDigests: digests }));
  expect(again.texts).toEqual([]);
  expect(again.node.namespaces[0]?.sections).toHaveLength(sectionKinds.length);
});

it('a namespace that fails or takes too long is missing with its reason, the others are sent', async () => {
  const { collector } = collectorWith(async ({ path }) => {
    if (path === '/host') return new Promise(() => {});
    throw new Error('No such file or directory');
  });
  const { node } = await collector.collect(
    request({ targets: [{ kind: 'host' }, { kind: 'pod', namespace: 'shop', name: 'cart' }], deadlineMs: 60 }),
  );
  expect(node.namespaces.map((n) => n.sections[0])).toEqual([
    { kind: 'ip-link', missing: 'not read within the deadline of the request' },
    { kind: 'ip-link', missing: 'No such file or directory' },
  ]);
});

it('the answer is the manifest, parts that join to the texts, and the end', async () => {
  const long = 'é'.repeat(PART_BYTES) + '😀'.repeat(PART_BYTES / 8 + 1);
  const { collector } = collectorWith(async () => long);
  const chunks: { kind: string; text?: string; part?: number; parts?: number; digest?: string }[] = [];
  await answerCollect(collector, request({}), async (chunk) => void chunks.push(chunk));
  expect([chunks[0]?.kind, chunks.at(-1)?.kind]).toEqual(['manifest', 'end']);
  const first = chunks.filter((c) => c.digest === chunks[1]?.digest);
  expect(first.map((c) => c.text).join('')).toBe(long);
  expect(first.every((c, i) => c.part === i && c.parts === first.length)).toBe(true);
  for (const c of first) expect(Buffer.byteLength(c.text ?? '')).toBeLessThanOrEqual(PART_BYTES);
  expect(parts('')).toEqual(['']);
  expect(parts('a'.repeat(PART_BYTES + 1)).map((p) => p.length)).toEqual([PART_BYTES, 1]);
});
