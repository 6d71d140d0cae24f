/** What leaves topology as manifests says the same as the objects of the API server. */
import { viewOf } from '@netverdict/kube';
import { describe, expect, it } from 'vitest';
import { pod } from '../../testing/objects.ts';
import { policyObjects } from './policy-objects.ts';

const WEB = pod('shop', 'web', { ips: ['10.244.2.2'], ports: [] });
const policyOf = (namespace: string, i: number): Parameters<typeof viewOf>[0][number] => ({
  kind: 'NetworkPolicy',
  meta: { ...WEB.meta, namespace, name: `p${i}` },
  podSelector: {
    matchLabels: new Map([['app', 'web']]),
    matchExpressions: [{ key: 'old', operator: 'DoesNotExist', values: [] }],
  },
  types: ['Ingress'],
  ingress: [
    {
      peers: [
        { kind: 'ip-block', cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] },
        { kind: 'pods', namespaces: null, pods: { matchLabels: new Map(), matchExpressions: [] } },
      ],
      ports: [{ protocol: 'TCP', port: 80, endPort: 90 }],
    },
    { peers: null, ports: null },
  ],
  egress: [],
});

describe('policies of the flow’s pods', () => {
  it('are manifests with everything that decides', () => {
    const objects = viewOf([WEB, policyOf('shop', 0)]);
    expect(policyObjects(objects, [WEB])?.at(-1)).toEqual({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace: 'shop', name: 'p0' },
      spec: {
        podSelector: {
          matchLabels: { app: 'web' },
          matchExpressions: [{ key: 'old', operator: 'DoesNotExist' }],
        },
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }, { podSelector: { matchLabels: {} } }],
            ports: [{ protocol: 'TCP', port: 80, endPort: 90 }],
          },
          {},
        ],
        egress: [],
      },
    });
  });
  it('of other namespaces are left where they are', () => {
    expect(policyObjects(viewOf([WEB, policyOf('ops', 0)]), [WEB])).toEqual([]);
  });
  it('too many for a message are not looked at, which is not none', () => {
    const many = Array.from({ length: 501 }, (_, i) => policyOf('shop', i));
    expect(policyObjects(viewOf([WEB, ...many]), [WEB])).toBeNull();
  });
});
