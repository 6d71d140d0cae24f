/** The counts over rows and ranges are those of every pair by itself. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endOfPod } from '../cluster.ts';
import { connections } from '../matrix/connections.ts';
import { ALL_PORTS, formatPorts, isEmpty } from '../matrix/port-set.ts';
import type { KubernetesObject } from '../objects/read.ts';
import { clusterOf, namespace, pod, policy } from '../testing.ts';
import { reachabilityOf } from './reachability.ts';

const labels = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y'), { maxKeys: 2 });
const selector = fc.oneof(
  labels.map((matchLabels) => ({ matchLabels })),
  fc.constantFrom(
    { matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['x'] }] },
    { matchExpressions: [{ key: 'a', operator: 'In', values: ['x', 'y'] }] },
    { matchExpressions: [{ key: 'b', operator: 'DoesNotExist' }] },
    { matchExpressions: [{ key: 'b', operator: 'Exists' }] },
  ),
);
const peer = fc.oneof(
  selector.map((podSelector) => ({ podSelector })),
  selector.map((namespaceSelector) => ({ namespaceSelector })),
  fc.tuple(selector, selector).map(([namespaceSelector, podSelector]) => ({ namespaceSelector, podSelector })),
  fc.constant({ ipBlock: { cidr: '10.244.0.0/29' } }),
);
const port = fc.constantFrom({ port: 80 }, { port: 80, endPort: 90 }, { protocol: 'UDP' }, { port: 'http' });
const rule = (direction: 'from' | 'to') =>
  fc.record({ [direction]: fc.array(peer, { maxLength: 3 }), ports: fc.array(port, { maxLength: 2 }) });
const spec = fc.record(
  {
    podSelector: selector,
    ingress: fc.array(rule('from'), { maxLength: 3 }),
    egress: fc.array(rule('to'), { maxLength: 2 }),
    policyTypes: fc.constantFrom(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
  },
  { requiredKeys: ['podSelector'] },
);
const spaces = ['p', 'q', 'r', 's'];
const space = fc.constantFrom(...spaces);
const objects = fc
  .record({
    pods: fc.array(fc.tuple(space, labels, fc.boolean()), { maxLength: 10 }),
    spaces: fc.array(labels, { minLength: 4, maxLength: 4 }),
    policies: fc.array(fc.tuple(space, spec), { maxLength: 5 }),
  })
  .map(({ pods, spaces: own, policies }): KubernetesObject[] => [
    ...spaces.map((name, i) => namespace(name, own[i])),
    ...pods.map(([ns, podLabels, named], i) =>
      pod(`${ns}/p${i}`, {
        labels: { ...podLabels, app: 'same' },
        ip: `10.244.0.${i + 2}`,
        spec: { containers: [{ ports: named ? [{ name: 'http', containerPort: 8080 }] : [] }] },
      }),
    ),
    ...policies.map(([ns, s], i) => policy(`${ns}/n${i}`, s)),
  ]);

describe('reachability', () => {
  test('counts what every pair by itself is', () => {
    fc.assert(
      fc.property(objects, (made) => {
        const cluster = clusterOf(made);
        const pods = [...cluster.pods.values()];
        let open = 0;
        let partly = 0;
        for (const a of pods)
          for (const b of pods) {
            if (a === b) continue;
            const { allowed } = connections(cluster, endOfPod(a), endOfPod(b));
            if (formatPorts(allowed) === formatPorts(ALL_PORTS)) open += 1;
            else if (!isEmpty(allowed)) partly += 1;
          }
        expect(reachabilityOf(cluster).count()).toEqual({ pairs: pods.length ** 2 - pods.length, open, partly });
      }),
      { numRuns: 400 },
    );
  });

  test('between two classes it says what connections says', () => {
    fc.assert(
      fc.property(objects, (made) => {
        const cluster = clusterOf(made);
        const reach = reachabilityOf(cluster);
        const { classes } = reach.classes;
        classes.forEach((a, i) => {
          classes.forEach((b, j) => {
            if (a === b) return;
            const { allowed } = connections(cluster, endOfPod(a.pod), endOfPod(b.pod));
            expect(formatPorts(reach.between(i, j))).toBe(formatPorts(allowed));
          });
        });
      }),
      { numRuns: 200 },
    );
  });
});
