/** networking.k8s.io/v1, a row for each of its meanings. */
import { describe, expect, test } from 'vitest';
import type { Protocol } from '../cluster.ts';
import type { KubernetesObject } from '../objects/read.ts';
import { ask, clusterOf, namespace, node, pod, policy } from '../testing.ts';

const BASE: readonly KubernetesObject[] = [
  namespace('shop', { team: 'a' }),
  namespace('ops', { team: 'b' }),
  node('node-1', '172.18.0.11'),
  node('node-2', '172.18.0.12'),
  pod('shop/web', {
    ip: '10.244.0.2',
    spec: { nodeName: 'node-1', containers: [{ ports: [{ name: 'http', containerPort: 8080 }] }] },
  }),
  pod('shop/cart', { ip: '10.244.0.3' }),
  pod('ops/scan', { ip: '10.244.1.2' }),
  pod('ops/agent', { ip: '172.18.0.12', spec: { hostNetwork: true, nodeName: 'node-2' } }),
];
const web = { matchLabels: { app: 'web' } };
const all = {};

interface Row {
  readonly name: string;
  readonly specs: readonly object[];
  readonly from: string;
  readonly to: string;
  readonly port?: number;
  readonly protocol?: Protocol;
  readonly allowed: boolean;
}

const rows: readonly Row[] = [
  { name: 'without a policy everything passes', specs: [], from: 'shop/cart', to: 'shop/web', allowed: true },
  {
    name: 'a policy without rules lets nothing in',
    specs: [{ podSelector: all }],
    from: 'shop/cart',
    to: 'shop/web',
    allowed: false,
  },
  {
    name: 'and what it does not select is not isolated',
    specs: [{ podSelector: web }],
    from: 'shop/web',
    to: 'shop/cart',
    allowed: true,
  },
  {
    name: 'without policyTypes and egress rules egress is free',
    specs: [{ podSelector: all, ingress: [{}] }],
    from: 'shop/web',
    to: '8.8.8.8',
    allowed: true,
  },
  {
    name: 'with an egress rule and no policyTypes egress is isolated too',
    specs: [{ podSelector: all, ingress: [{}], egress: [{ to: [{ podSelector: all }] }] }],
    from: 'shop/web',
    to: '8.8.8.8',
    allowed: false,
  },
  {
    name: 'policyTypes with Egress alone leaves ingress free',
    specs: [{ podSelector: all, policyTypes: ['Egress'] }],
    from: 'ops/scan',
    to: 'shop/web',
    allowed: true,
  },
  {
    name: 'an empty rule allows anybody',
    specs: [{ podSelector: all, ingress: [{}] }],
    from: 'ops/scan',
    to: 'shop/web',
    allowed: true,
  },
  {
    name: 'an empty from allows anybody, as an absent one',
    specs: [{ podSelector: all, ingress: [{ from: [] }] }],
    from: 'ops/scan',
    to: 'shop/web',
    allowed: true,
  },
  {
    name: 'rules of several policies add up',
    specs: [{ podSelector: all }, { podSelector: web, ingress: [{ from: [{ podSelector: all }] }] }],
    from: 'shop/cart',
    to: 'shop/web',
    allowed: true,
  },
  {
    name: 'a podSelector alone means the policy’s own namespace',
    specs: [{ podSelector: web, ingress: [{ from: [{ podSelector: all }] }] }],
    from: 'ops/scan',
    to: 'shop/web',
    allowed: false,
  },
  {
    name: 'an empty namespaceSelector means all namespaces',
    specs: [{ podSelector: web, ingress: [{ from: [{ namespaceSelector: {} }] }] }],
    from: 'ops/scan',
    to: 'shop/web',
    allowed: true,
  },
  {
    name: 'both selectors in one peer have to hold',
    specs: [
      {
        podSelector: web,
        ingress: [
          { from: [{ namespaceSelector: { matchLabels: { team: 'b' } }, podSelector: { matchLabels: { app: 'x' } } }] },
        ],
      },
    ],
    from: 'ops/scan',
    to: 'shop/web',
    allowed: false,
  },
  {
    name: 'in two peers one is enough',
    specs: [
      {
        podSelector: web,
        ingress: [
          {
            from: [
              { namespaceSelector: { matchLabels: { team: 'b' } } },
              { podSelector: { matchLabels: { app: 'x' } } },
            ],
          },
        ],
      },
    ],
    from: 'ops/scan',
    to: 'shop/web',
    allowed: true,
  },
  {
    name: 'a namespace is selected by its name’s label without having been given one',
    specs: [
      {
        podSelector: web,
        ingress: [{ from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ops' } } }] }],
      },
    ],
    from: 'ops/scan',
    to: 'shop/web',
    allowed: true,
  },
  {
    name: 'a port without protocol is TCP',
    specs: [{ podSelector: web, ingress: [{ ports: [{ port: 80 }] }] }],
    from: 'shop/cart',
    to: 'shop/web',
    protocol: 'UDP',
    allowed: false,
  },
  {
    name: 'a protocol without port is all its ports',
    specs: [{ podSelector: web, ingress: [{ ports: [{ protocol: 'UDP' }] }] }],
    from: 'shop/cart',
    to: 'shop/web',
    protocol: 'UDP',
    port: 9999,
    allowed: true,
  },
  {
    name: 'endPort is within the range',
    specs: [{ podSelector: web, ingress: [{ ports: [{ port: 80, endPort: 90 }] }] }],
    from: 'shop/cart',
    to: 'shop/web',
    port: 90,
    allowed: true,
  },
  {
    name: 'and one beyond is not',
    specs: [{ podSelector: web, ingress: [{ ports: [{ port: 80, endPort: 90 }] }] }],
    from: 'shop/cart',
    to: 'shop/web',
    port: 91,
    allowed: false,
  },
  {
    name: 'a named port is the one of the destination’s containers',
    specs: [{ podSelector: web, ingress: [{ ports: [{ port: 'http' }] }] }],
    from: 'shop/cart',
    to: 'shop/web',
    port: 8080,
    allowed: true,
  },
  {
    name: 'a named port that the destination does not have matches nothing',
    specs: [{ podSelector: all, policyTypes: ['Egress'], egress: [{ ports: [{ port: 'http' }] }] }],
    from: 'shop/web',
    to: 'shop/cart',
    port: 8080,
    allowed: false,
  },
  {
    name: 'SCTP is a protocol like the others',
    specs: [{ podSelector: web, ingress: [{ ports: [{ protocol: 'SCTP', port: 80 }] }] }],
    from: 'shop/cart',
    to: 'shop/web',
    protocol: 'SCTP',
    allowed: true,
  },
  {
    name: 'an ipBlock lets outsiders in',
    specs: [{ podSelector: web, ingress: [{ from: [{ ipBlock: { cidr: '8.0.0.0/8' } }] }] }],
    from: '8.8.8.8',
    to: 'shop/web',
    allowed: true,
  },
  {
    name: 'but not those that it excepts',
    specs: [{ podSelector: web, ingress: [{ from: [{ ipBlock: { cidr: '8.0.0.0/8', except: ['8.8.0.0/16'] } }] }] }],
    from: '8.8.8.8',
    to: 'shop/web',
    allowed: false,
  },
  {
    name: 'an ipBlock holds for pods by their addresses',
    specs: [{ podSelector: web, ingress: [{ from: [{ ipBlock: { cidr: '10.244.1.0/24' } }] }] }],
    from: 'ops/scan',
    to: 'shop/web',
    allowed: true,
  },
  {
    name: 'selectors do not find a pod on its node’s network',
    specs: [{ podSelector: web, ingress: [{ from: [{ namespaceSelector: {} }] }] }],
    from: 'ops/agent',
    to: 'shop/web',
    allowed: false,
  },
  {
    name: 'a block with its node’s address does',
    specs: [{ podSelector: web, ingress: [{ from: [{ ipBlock: { cidr: '172.18.0.0/16' } }] }] }],
    from: 'ops/agent',
    to: 'shop/web',
    allowed: true,
  },
  {
    name: 'a pod on its node’s network is not isolated',
    specs: [{ podSelector: all }],
    from: 'shop/cart',
    to: 'ops/agent',
    allowed: true,
  },
  {
    name: 'the pod’s own node is always let in',
    specs: [{ podSelector: all }],
    from: 'node/node-1',
    to: 'shop/web',
    allowed: true,
  },
  {
    name: 'another node is not',
    specs: [{ podSelector: all }],
    from: 'node/node-2',
    to: 'shop/web',
    allowed: false,
  },
  {
    name: 'a pod may always talk to itself',
    specs: [{ podSelector: all, policyTypes: ['Ingress', 'Egress'] }],
    from: 'shop/web',
    to: 'shop/web',
    allowed: true,
  },
  {
    name: 'both ends have to allow it',
    specs: [
      { podSelector: web, ingress: [{}] },
      { podSelector: { matchLabels: { app: 'cart' } }, policyTypes: ['Egress'] },
    ],
    from: 'shop/cart',
    to: 'shop/web',
    allowed: false,
  },
  {
    name: 'NotIn also holds where the label is missing',
    specs: [
      {
        podSelector: web,
        ingress: [
          { from: [{ podSelector: { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['x'] }] } }] },
        ],
      },
    ],
    from: 'shop/cart',
    to: 'shop/web',
    allowed: true,
  },
  {
    name: 'Exists does not',
    specs: [
      {
        podSelector: web,
        ingress: [{ from: [{ podSelector: { matchExpressions: [{ key: 'tier', operator: 'Exists' }] } }] }],
      },
    ],
    from: 'shop/cart',
    to: 'shop/web',
    allowed: false,
  },
];

describe('NetworkPolicy', () => {
  test.each(rows)('$name', ({ specs, from, to, port, protocol, allowed }) => {
    const cluster = clusterOf([...BASE, ...specs.map((spec, i) => policy(`shop/p${i}`, spec))]);
    expect(ask(cluster, from, to, port, protocol).allowed).toBe(allowed);
  });

  test('an answer names each rule that allows, and of each that does not what misses', () => {
    const cluster = clusterOf([
      ...BASE,
      policy('shop/deny', { podSelector: all }),
      policy('shop/one', { podSelector: web, ingress: [{ ports: [{ port: 443 }] }, { from: [{ podSelector: web }] }] }),
    ]);
    const { ingress } = ask(cluster, 'shop/cart', 'shop/web');
    expect(ingress.kind).toBe('denied-by-isolation');
    if (ingress.kind !== 'denied-by-isolation') return;
    expect(ingress.policies.map((p) => p.name)).toEqual(['deny', 'one']);
    expect(ingress.misses.map((m) => [m.policy.name, m.index, m.because])).toEqual([
      ['one', 0, 'port'],
      ['one', 1, 'peer'],
    ]);
  });
});
