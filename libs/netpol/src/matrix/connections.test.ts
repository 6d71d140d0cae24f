/** The sets of ports are the answers to every single question. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluate } from '../evaluate/evaluate.ts';
import type { KubernetesObject } from '../objects/read.ts';
import { clusterOf, namespace, node, pod, policy, tieredPolicy } from '../testing.ts';
import { connections } from './connections.ts';
import { matrixOf } from './matrix.ts';
import { complement, formatPorts, includes, isEmpty, type PortSet, PROTOCOLS, union } from './port-set.ts';

const labels = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y'), { maxKeys: 2 });
const selector = fc.oneof(
  labels.map((matchLabels) => ({ matchLabels })),
  fc
    .record({
      key: fc.constantFrom('a', 'b'),
      operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
    })
    .map(({ key, operator }) => ({
      matchExpressions: [{ key, operator, ...(operator.endsWith('In') ? { values: ['x'] } : {}) }],
    })),
);
const block = fc.constantFrom(
  { cidr: '10.0.0.0/8' },
  { cidr: '10.0.0.0/8', except: ['10.244.1.0/24'] },
  { cidr: '0.0.0.0/0' },
  { cidr: '203.0.113.0/24' },
);
const peer = fc.oneof(
  selector.map((podSelector) => ({ podSelector })),
  fc.tuple(selector, selector).map(([namespaceSelector, podSelector]) => ({ namespaceSelector, podSelector })),
  block.map((ipBlock) => ({ ipBlock })),
);
const protocol = fc.constantFrom('TCP', 'UDP', 'SCTP');
const port = fc.oneof(
  protocol.map((p) => ({ protocol: p })),
  fc.tuple(protocol, fc.constantFrom(79, 80, 81)).map(([p, n]) => ({ protocol: p, port: n })),
  fc.constant({ protocol: 'TCP', port: 79, endPort: 81 }),
  fc.constant({ port: 'http' }),
);
const rule = (direction: 'from' | 'to') =>
  fc.record({ [direction]: fc.array(peer, { maxLength: 2 }), ports: fc.array(port, { maxLength: 2 }) });
const spec = fc.record(
  {
    podSelector: selector,
    ingress: fc.array(rule('from'), { maxLength: 2 }),
    egress: fc.array(rule('to'), { maxLength: 2 }),
    policyTypes: fc.constantFrom(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
  },
  { requiredKeys: ['podSelector'] },
);
const adminPeer = fc.oneof(
  selector.map((namespaces) => ({ namespaces })),
  fc.constant({ networks: ['10.0.0.0/8'] }),
  fc.constant({ domainNames: ['example.com'] }),
);
const adminPort = fc.constantFrom(
  { portNumber: { port: 80 } },
  { portRange: { protocol: 'UDP', start: 79, end: 80 } },
  { namedPort: 'http' },
);
const adminRule = (direction: 'from' | 'to', actions: string[]) =>
  fc.record(
    {
      action: fc.constantFrom(...actions),
      [direction]: fc.array(adminPeer, { minLength: 1, maxLength: 2 }),
      ports: fc.array(adminPort, { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: ['action', direction] },
  );
const fromOnly = (actions: string[]) => fc.array(adminRule('from', actions), { maxLength: 2 });
const toOnly = (actions: string[]) => fc.array(adminRule('to', actions), { maxLength: 2 });
const admin = fc.record({
  priority: fc.integer({ min: 0, max: 5 }),
  subject: selector.map((namespaces) => ({ namespaces })),
  ingress: fromOnly(['Allow', 'Deny', 'Pass']),
  egress: toOnly(['Allow', 'Deny', 'Pass']),
});
const baseline = fc.record({
  subject: selector.map((namespaces) => ({ namespaces })),
  ingress: fromOnly(['Allow', 'Deny']),
  egress: toOnly(['Allow', 'Deny']),
});
const podOf = fc.tuple(fc.constantFrom('s', 't'), labels, fc.boolean(), fc.boolean());

const objects = fc
  .record({
    pods: fc.array(podOf, { minLength: 1, maxLength: 4 }),
    spaces: fc.tuple(labels, labels),
    policies: fc.array(fc.tuple(fc.constantFrom('s', 't'), spec), { maxLength: 3 }),
    admins: fc.array(admin, { maxLength: 2 }),
    baselines: fc.array(baseline, { maxLength: 1 }),
  })
  .map(({ pods, spaces, policies, admins, baselines }): KubernetesObject[] => [
    namespace('s', spaces[0]),
    namespace('t', spaces[1]),
    node('node-1', '172.18.0.11'),
    ...pods.map(([ns, own, named, host], i) =>
      pod(`${ns}/p${i}`, {
        labels: own,
        ip: host ? '172.18.0.11' : `10.244.${i % 2}.${i + 2}`,
        spec: {
          hostNetwork: host,
          nodeName: 'node-1',
          containers: [{ ports: named ? [{ name: 'http', containerPort: 80 }] : [] }],
        },
      }),
    ),
    ...policies.map(([ns, s], i) => policy(`${ns}/q${i}`, s)),
    ...admins.map((s, i) => tieredPolicy('AdminNetworkPolicy', `a${i}`, s)),
    ...baselines.map((s) => tieredPolicy('BaselineAdminNetworkPolicy', 'default', s)),
  ]);

describe('connections', () => {
  test('are what single questions answer, for any cluster, pair and port', () => {
    fc.assert(
      fc.property(objects, (made) => {
        const cluster = clusterOf(made);
        const { workloads } = matrixOf(cluster);
        for (const from of workloads)
          for (const to of workloads) {
            const { allowed, unknown } = connections(cluster, from.end, to.end);
            for (const p of PROTOCOLS)
              for (const n of [1, 79, 80, 81]) {
                const answer = evaluate(cluster, { source: from.end, destination: to.end, protocol: p, port: n });
                const told = includes(allowed, p, n) ? true : includes(unknown, p, n) ? null : false;
                expect(told, `${from.name} → ${to.name} ${p} ${n}`).toBe(answer.allowed);
              }
          }
      }),
      { numRuns: 300 },
    );
  });

  test('pods of one class have the same answers as each of them', () => {
    fc.assert(
      fc.property(objects, (made) => {
        const cluster = clusterOf(made.map((o) => (o.kind === 'Pod' ? owned(o) : o)));
        const total = matrixOf(cluster).workloads.reduce((sum, w) => sum + (w.end.kind === 'outside' ? 0 : w.pods), 0);
        expect(total).toBe(cluster.pods.size);
      }),
      { numRuns: 100 },
    );
  });
});

const owned = (o: KubernetesObject): KubernetesObject => ({
  ...o,
  metadata: { ...o.metadata, ownerReferences: [{ kind: 'StatefulSet', name: 'same', controller: true }] },
});

describe('sets of ports', () => {
  const set = fc
    .array(fc.tuple(protocol, fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 3 })))
    .map((ranges) =>
      ranges.reduce<PortSet>(
        (all, [p, from, more]) => {
          const one = { TCP: [], UDP: [], SCTP: [], [p]: [{ from, to: from + more }] } as PortSet;
          return union(all, one);
        },
        { TCP: [], UDP: [], SCTP: [] },
      ),
    );
  test('a set and its complement have nothing in common and everything together', () => {
    fc.assert(
      fc.property(set, (a) => {
        expect(formatPorts(union(a, complement(a)))).toBe('all');
        expect(isEmpty(complement(union(a, complement(a))))).toBe(true);
      }),
    );
  });
  test('equal sets have one text, whatever they were made of', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        expect(formatPorts(union(a, b))).toBe(formatPorts(union(b, union(a, b))));
      }),
    );
  });
});
