/** The admin and baseline tiers around the policies of namespaces. */
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../objects/read.ts';
import { ask, clusterOf, namespace, node, pod, policy, tieredPolicy } from '../testing.ts';

const BASE: readonly KubernetesObject[] = [
  namespace('shop', { team: 'a' }),
  namespace('ops', { team: 'b' }),
  node('node-2', '172.18.0.12', { zone: 'x' }),
  pod('shop/web', { ip: '10.244.0.2', spec: { containers: [{ ports: [{ name: 'http', containerPort: 80 }] }] } }),
  pod('shop/cart', { ip: '10.244.0.3' }),
  pod('ops/scan', { ip: '10.244.1.2' }),
];
const shop = { namespaces: { matchLabels: { team: 'a' } } };
const anywhere = { namespaces: {} };
const fromOps = [{ namespaces: { matchLabels: { team: 'b' } } }];
const anp = (name: string, priority: number, ingress: object[]): KubernetesObject =>
  tieredPolicy('AdminNetworkPolicy', name, { priority, subject: shop, ingress });
const banp = (ingress: object[]): KubernetesObject =>
  tieredPolicy('BaselineAdminNetworkPolicy', 'default', { subject: shop, ingress });
const cnp = (name: string, tier: string, priority: number, more: object): KubernetesObject =>
  tieredPolicy('ClusterNetworkPolicy', name, { tier, priority, subject: shop, ...more });

const rows: readonly {
  name: string;
  with: readonly KubernetesObject[];
  from?: string;
  to?: string;
  allowed: boolean | null;
}[] = [
  { name: 'an admin policy denies', with: [anp('a', 1, [{ action: 'Deny', from: fromOps }])], allowed: false },
  {
    name: 'whom it does not name it leaves alone',
    with: [anp('a', 1, [{ action: 'Deny', from: fromOps }])],
    from: 'shop/cart',
    allowed: true,
  },
  {
    name: 'it allows over a namespace’s denial',
    with: [anp('a', 1, [{ action: 'Allow', from: fromOps }]), policy('shop/deny', { podSelector: {} })],
    allowed: true,
  },
  {
    name: 'the lower priority is asked first',
    with: [anp('a', 20, [{ action: 'Allow', from: fromOps }]), anp('b', 10, [{ action: 'Deny', from: fromOps }])],
    allowed: false,
  },
  {
    name: 'Pass leaves it to the namespace’s policies',
    with: [
      anp('a', 1, [
        { action: 'Pass', from: fromOps },
        { action: 'Allow', from: fromOps },
      ]),
      policy('shop/deny', { podSelector: {} }),
    ],
    allowed: false,
  },
  {
    name: 'Pass skips the admin policies behind it',
    with: [anp('a', 1, [{ action: 'Pass', from: fromOps }]), anp('b', 2, [{ action: 'Deny', from: fromOps }])],
    allowed: true,
  },
  {
    name: 'the baseline denies where no NetworkPolicy is about the pod',
    with: [banp([{ action: 'Deny', from: fromOps }])],
    allowed: false,
  },
  {
    name: 'and is not asked where one is',
    with: [banp([{ action: 'Deny', from: fromOps }]), policy('shop/allow', { podSelector: {}, ingress: [{}] })],
    allowed: true,
  },
  {
    name: 'a named port holds for any protocol',
    with: [anp('a', 1, [{ action: 'Deny', from: fromOps, ports: [{ namedPort: 'http' }] }])],
    allowed: false,
  },
  {
    name: 'a range of ports holds for its protocol',
    with: [
      anp('a', 1, [{ action: 'Deny', from: fromOps, ports: [{ portRange: { protocol: 'UDP', start: 1, end: 99 } }] }]),
    ],
    allowed: true,
  },
  {
    name: 'nodes are selected by their labels',
    with: [
      tieredPolicy('AdminNetworkPolicy', 'a', {
        priority: 1,
        subject: anywhere,
        egress: [{ action: 'Deny', to: [{ nodes: { matchLabels: { zone: 'x' } } }] }],
      }),
    ],
    from: 'shop/web',
    to: 'node/node-2',
    allowed: false,
  },
  {
    name: 'a ClusterNetworkPolicy accepts, before a namespace’s denial',
    with: [
      cnp('c', 'Admin', 5, { ingress: [{ action: 'Accept', from: fromOps }] }),
      policy('shop/d', { podSelector: {} }),
    ],
    allowed: true,
  },
  {
    name: 'in its baseline tier it denies what no NetworkPolicy is about',
    with: [cnp('c', 'Baseline', 5, { ingress: [{ action: 'Deny', from: fromOps, protocols: [{ tcp: {} }] }] })],
    allowed: false,
  },
  {
    name: 'a domain name as peer may be any outsider: not known',
    with: [
      tieredPolicy('AdminNetworkPolicy', 'a', {
        priority: 1,
        subject: shop,
        egress: [{ action: 'Allow', to: [{ domainNames: ['example.com'] }] }],
      }),
    ],
    from: 'shop/web',
    to: '8.8.8.8',
    allowed: null,
  },
  {
    name: 'but is no pod',
    with: [
      tieredPolicy('AdminNetworkPolicy', 'a', {
        priority: 1,
        subject: shop,
        egress: [{ action: 'Deny', to: [{ domainNames: ['example.com'] }] }],
      }),
    ],
    from: 'shop/web',
    to: 'ops/scan',
    allowed: true,
  },
];

describe('tiers', () => {
  test.each(rows)('$name', ({ with: objects, from = 'ops/scan', to = 'shop/web', allowed }) => {
    expect(ask(clusterOf([...BASE, ...objects]), from, to).allowed).toBe(allowed);
  });
});
