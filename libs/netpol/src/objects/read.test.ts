import { describe, expect, test } from 'vitest';
import { policy, tieredPolicy } from '../testing.ts';
import { formatProblem } from './problem.ts';
import { readCluster } from './read.ts';

const told = (object: ReturnType<typeof policy>): string[] => readCluster([object]).problems.map(formatProblem);

const rows: readonly { name: string; spec: object; says: string }[] = [
  { name: 'a misspelt field', spec: { podselector: {} }, says: 'spec has fields that do not exist: podselector' },
  {
    name: 'a block that is no CIDR',
    spec: { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.1' } }] }] },
    says: 'spec.ingress.0.from.0.ipBlock.cidr "10.0.0.1" is not a CIDR such as 10.0.0.0/8 or 2001:db8::/32',
  },
  {
    name: 'an exception outside its block',
    spec: { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }] }] },
    says: 'spec.ingress.0.from.0.ipBlock.except.0 11.0.0.0/16 must lie strictly within 10.0.0.0/8',
  },
  {
    name: 'an end before the beginning',
    spec: { ingress: [{ ports: [{ port: 90, endPort: 80 }] }] },
    says: 'spec.ingress.0.ports.0.endPort is 80, and must not be less than port 90',
  },
  {
    name: 'a block beside selectors',
    spec: { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }] }] },
    says: 'spec.ingress.0.from.0 has an ipBlock beside selectors: only one is allowed',
  },
  {
    name: 'an empty peer',
    spec: { ingress: [{ from: [{}] }] },
    says: 'spec.ingress.0.from.0 needs a podSelector, a namespaceSelector or an ipBlock',
  },
  {
    name: 'In without values',
    spec: { podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
    says: 'spec.podSelector.matchExpressions.0.values must not be empty with operator In',
  },
  {
    name: 'an operator that does not exist',
    spec: { podSelector: { matchExpressions: [{ key: 'a', operator: 'Is' }] } },
    says: 'spec.podSelector.matchExpressions.0.operator must be one of In, NotIn, Exists, DoesNotExist',
  },
];

describe('what is wrong with a policy is told', () => {
  test.each(rows)('$name', ({ spec, says }) => {
    expect(told(policy('shop/p', spec))).toContain(`NetworkPolicy shop/p: ${says}`);
  });

  test('a policy with a problem is not taken for one that says nothing', () => {
    const { cluster, problems } = readCluster([policy('shop/p', { podselector: {} })]);
    expect(cluster.policies).toEqual([]);
    expect(problems).not.toEqual([]);
  });

  test('an admin policy about both kinds of subjects', () => {
    const both = { namespaces: {}, pods: {} };
    expect(told(tieredPolicy('AdminNetworkPolicy', 'a', { priority: 1, subject: both }))).toEqual([
      'AdminNetworkPolicy a: spec.subject needs namespaces or pods, and not both',
    ]);
  });

  test.each([
    ['networking.k8s.io/v1', 'CiliumNetworkPolicy', 'networking.k8s.io/v1 is not evaluated for this kind'],
    ['cilium.io/v2', 'CiliumNetworkPolicy', 'cilium.io/v2 is not evaluated for this kind'],
    ['projectcalico.org/v3', 'NetworkPolicy', 'projectcalico.org/v3 is not evaluated for this kind'],
    ['network.k8s.io/v1', 'NetworkPolicy', 'network.k8s.io/v1 is not evaluated for this kind'],
    [undefined, 'NetworkPolicy', 'is missing'],
  ])('%s %s is not skipped in silence', (apiVersion, kind, says) => {
    const object = { ...(apiVersion ? { apiVersion } : {}), kind, metadata: { namespace: 'shop', name: 'p' } };
    const { cluster, problems } = readCluster([{ kind: 'List', items: [object] }]);
    expect(cluster.policies).toEqual([]);
    expect(problems.map(formatProblem)).toEqual([
      expect.stringContaining(`${kind} shop/p: apiVersion ${says}: only NetworkPolicy of networking.k8s.io, `),
    ]);
  });

  test('a policy of a whole cluster has no namespace in its title', () => {
    const object = { apiVersion: 'projectcalico.org/v3', kind: 'GlobalNetworkPolicy', metadata: { name: 'all' } };
    expect(told(object)[0]).toMatch(/^GlobalNetworkPolicy all: apiVersion /);
  });

  test('what only previews a policy, and what is none, is no problem', () => {
    const kinds = ['StagedNetworkPolicy', 'StagedGlobalNetworkPolicy', 'GlobalNetworkSet', 'IPPool'];
    const objects = kinds.map((kind) => ({ apiVersion: 'projectcalico.org/v3', kind, metadata: { name: 'x' } }));
    expect(readCluster(objects).problems).toEqual([]);
  });

  test('a list is read as its items', () => {
    const { cluster } = readCluster([{ kind: 'List', items: [policy('shop/p', { podSelector: {} })] }]);
    expect(cluster.policies.map((p) => p.name)).toEqual(['p']);
  });
});
