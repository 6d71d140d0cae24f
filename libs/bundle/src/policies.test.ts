/** A good verdict beside what the policies say. */
import type { ClusterMap, Flow, Snapshot } from '@netverdict/linux-net';
import type { Branch, Diagnosis } from '@netverdict/verdict';
import { describe, expect, it } from 'vitest';
import { withPolicies } from './index.ts';

const podOf = (name: string, i: number): ClusterMap['pods'][number] => ({
  namespace: 'shop',
  name,
  node: `node-${i}`,
  addresses: [`10.244.${i}.2`],
  hostNetwork: false,
  phase: 'Running',
  ready: true,
});
const manifest = (name: string, i: number): object => ({
  kind: 'Pod',
  metadata: { namespace: 'shop', name, labels: { app: name } },
  spec: { nodeName: `node-${i}` },
  status: { podIP: `10.244.${i}.2` },
});
const policy = (name: string, spec: object): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace: 'shop', name },
  spec,
});
const DENY = policy('deny', { podSelector: {} });
const ALLOW_8080 = policy('web', {
  podSelector: { matchLabels: { app: 'web' } },
  ingress: [{ ports: [{ port: 8080 }] }],
});

const snapshot = (policies: readonly object[] | null): Snapshot => ({
  cluster: 'lab',
  at: '2026-01-01T00:00:00Z',
  nodes: [],
  map: {
    nodes: [1, 2].map((i) => ({ name: `node-${i}`, addresses: [`172.18.0.1${i}`], podCidrs: [] })),
    pods: [podOf('cart', 1), podOf('web', 2)],
    services: [],
    podCidrs: [],
    serviceCidrs: [],
    ...(policies === null ? {} : { policyObjects: [manifest('cart', 1), manifest('web', 2), ...policies] }),
  },
});

const flow = (more: Partial<Flow> = {}): Flow => ({
  family: 'ipv4',
  protocol: 'tcp',
  source: { kind: 'namespace', namespace: 'node-1/pod/shop/cart', address: null },
  destination: { address: '10.96.0.10', port: 80 },
  sourcePort: 40_000,
  sizeBytes: 60,
  dontFragment: true,
  ...more,
});

/** To web behind a Service: port 80 becomes 8080 on the way. */
const branch = (disposition: Branch['disposition'] = 'delivered'): Branch => ({
  id: 'b1',
  share: 1,
  disposition,
  ended: 'forward',
  choices: [],
  hops: [
    {
      place: 'node-1/host',
      node: 'node-1',
      kind: 'host',
      direction: 'forward',
      steps: [
        {
          kind: 'nat',
          text: 'destination becomes 10.244.2.2:8080',
          action: 'change',
          detail: {},
          packet: {
            protocol: 'tcp',
            source: '10.244.1.2',
            sport: 40_000,
            destination: '10.244.2.2',
            dport: 8080,
            mark: 0,
            sizeBytes: 60,
          },
        },
      ],
    },
    { place: 'node-2/pod/shop/web', node: 'node-2', kind: 'pod', direction: 'forward', steps: [] },
    { place: 'node-1/pod/shop/cart', node: 'node-1', kind: 'pod', direction: 'reply', steps: [] },
  ],
});
const diagnosis = (...branches: Branch[]): Diagnosis => ({ findings: [], trace: { branches } }) as unknown as Diagnosis;

const found = (policies: readonly object[] | null, asked = flow(), branches = [branch()]) =>
  withPolicies(diagnosis(...branches), asked, snapshot(policies)).findings;

describe('policies beside a verdict', () => {
  it('what a policy forbids and the nodes let through is told, with the port behind the Service', () => {
    expect(found([DENY])).toMatchObject([
      {
        code: 'NV-POLICY-UNENFORCED',
        hop: 'node-2/pod/shop/web',
        branches: ['b1'],
        params: { policies: 'shop/deny', source: 'shop/cart', destination: 'shop/web', port: 'TCP 8080' },
      },
    ]);
  });
  it('what a rule allows is not', () => {
    expect(found([DENY, ALLOW_8080])).toEqual([]);
  });
  it('two branches to one pod are one finding', () => {
    expect(found([DENY], flow(), [branch(), { ...branch(), id: 'b2' }])).toMatchObject([{ branches: ['b1', 'b2'] }]);
  });
  it('what the nodes drop is not told twice', () => {
    expect(found([DENY], flow(), [branch('dropped')])).toEqual([]);
  });
  it('from outside, the address is what policies see', () => {
    const from = flow({ source: { kind: 'external', address: '203.0.113.9' } });
    expect(found([DENY], from)).toMatchObject([{ params: { source: '203.0.113.9' } }]);
    const block = policy('block', { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '203.0.113.0/24' } }] }] });
    expect(found([block], from)).toEqual([]);
  });
  it('the pod’s own node may always come in', () => {
    expect(found([DENY], flow({ source: { kind: 'namespace', namespace: 'node-2/host', address: null } }))).toEqual([]);
    expect(
      found([DENY], flow({ source: { kind: 'namespace', namespace: 'node-1/host', address: null } })),
    ).toHaveLength(1);
  });
  it.each([
    ['ICMP, of which the API does not speak', [DENY], flow({ protocol: 'icmp' })],
    ['without policies', [], flow()],
    ['where policies were not looked at', null, flow()],
  ] as const)('%s: nothing is said', (_row, policies, asked) => {
    expect(found(policies, asked)).toEqual([]);
  });
});
