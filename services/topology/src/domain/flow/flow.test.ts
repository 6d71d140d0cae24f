import type { DiagnosisRequest } from '@netverdict/contracts';
import { describe, expect, it } from 'vitest';
import { shop } from '../../testing/objects.ts';
import { networksOf } from '../networks.ts';
import { resolve } from '../resolve/resolve.ts';
import { buildFlow } from './build-flow.ts';
import { clusterMap } from './cluster-map.ts';
import { flowFilter } from './flow-filter.ts';
import { intendedPathOf } from './intended.ts';
import { initialTargets, targetKey, targetsOfNeeds } from './targets.ts';

const objects = shop();
function resolved(request: DiagnosisRequest) {
  const found = resolve(objects, networksOf(objects).facts, request);
  if (!found.ok) throw new Error(JSON.stringify(found.error));
  return found.value;
}
const targets = (request: DiagnosisRequest): string[] =>
  [...initialTargets(objects, resolved(request), request.protocol ?? 'tcp')]
    .flatMap(([node, list]) => list.map((target) => `${node} ${targetKey(target)}`))
    .sort();

describe('what is read first', () => {
  it.each([
    [
      'pod to pod: both pods and both nodes',
      { source: { pod: 'shop/cart' }, destination: { pod: 'shop/web-2', port: 80 } },
      ['node-1 host', 'node-1 pod/shop/cart', 'node-2 host', 'node-2 pod/shop/web-2'],
    ],
    [
      'a Service: the ready endpoints besides',
      { source: { pod: 'shop/cart' }, destination: { service: 'shop/web', port: 80 } },
      [
        'node-1 host',
        'node-1 pod/shop/cart',
        'node-2 host',
        'node-2 pod/shop/web-2',
        'node-3 host',
        'node-3 pod/shop/web-3',
      ],
    ],
    [
      'a Service port that does not exist: nothing behind it',
      { source: { pod: 'shop/cart' }, destination: { service: 'shop/web', port: 81 } },
      ['node-1 host', 'node-1 pod/shop/cart'],
    ],
    [
      'a NodePort from outside: the node called and the endpoints',
      { source: { ip: '203.0.113.10' }, destination: { node: 'node-1', port: 30080 } },
      ['node-1 host', 'node-2 host', 'node-2 pod/shop/web-2', 'node-3 host', 'node-3 pod/shop/web-3'],
    ],
    [
      'a host-network pod is its node',
      { source: { pod: 'kube-system/proxy' }, destination: { node: 'node-1', port: 80 } },
      ['node-1 host', 'node-3 host'],
    ],
    [
      'a dead pod address: the node of its range',
      { source: { node: 'node-1' }, destination: { ip: '10.244.3.200', port: 80 } },
      ['node-1 host', 'node-3 host'],
    ],
  ] as const)('%s', (_row, request, expected) => {
    expect(targets(request)).toEqual(expected);
  });
  it('needs of the simulator become targets', () => {
    const found = targetsOfNeeds([
      { kind: 'node', node: 'node-1', why: '' },
      { kind: 'pod', node: 'node-1', namespace: 'a', pod: 'b', why: '' },
      { kind: 'netns', node: 'node-2', inode: 7, why: '' },
    ]);
    expect([...found].map(([n, list]) => [n, list.map(targetKey)])).toEqual([
      ['node-1', ['host', 'pod/a/b']],
      ['node-2', ['netns/7']],
    ]);
  });
});

describe('the flow', () => {
  const request: DiagnosisRequest = { source: { pod: 'shop/cart' }, destination: { service: 'shop/web', port: 80 } };
  it('starts in the pod’s namespace and goes to the cluster IP', () => {
    expect(buildFlow(request, resolved(request))).toMatchObject({
      family: 'ipv4',
      protocol: 'tcp',
      source: { kind: 'namespace', namespace: 'node-1/pod/shop/cart' },
      destination: { address: '10.96.0.80', port: 80 },
    });
  });
  it('only its own connection tracking entries are asked for', () => {
    const resolution = resolved(request);
    expect(flowFilter(buildFlow(request, resolution), resolution, clusterMap(objects, resolution))).toEqual({
      protocol: 6,
      addresses: ['10.244.1.7', '10.96.0.80', '10.244.1.10', '10.244.2.10', '10.244.3.10'],
      ports: [80, 8080],
    });
  });
  it('of a pod that is asked for by itself no other address belongs to it', () => {
    const direct: DiagnosisRequest = { source: { pod: 'shop/cart' }, destination: { pod: 'shop/web-2', port: 8080 } };
    const resolution = resolved(direct);
    const { addresses } = flowFilter(buildFlow(direct, resolution), resolution, clusterMap(objects, resolution));
    expect(addresses).toHaveLength(2);
  });
  it('comes from the port that is named, and from one for new connections otherwise', () => {
    expect(buildFlow({ ...request, sourcePort: 5353 }, resolved(request)).sourcePort).toBe(5353);
    expect(buildFlow(request, resolved(request)).sourcePort).toBe(50000);
  });
  it('the map names the Service with its endpoints, unready ones too', () => {
    const map = clusterMap(objects, resolved(request));
    expect(map.services.map((s) => [s.name, s.endpoints.map((e) => `${e.pod} ${e.ready}`)])).toEqual([
      ['web', ['shop/web-1 false', 'shop/web-2 true', 'shop/web-3 true']],
    ]);
    expect(map.podCidrs).toEqual(['10.244.0.0/16']);
    expect(map.pods.map((p) => p.name)).not.toContain('done');
  });
  it('the intended path is told by flannel’s conventions', () => {
    const path = intendedPathOf(objects, resolved(request), 'tcp');
    expect(path.cni).toBe('flannel (vxlan)');
    expect(path.hops.map((h) => h.place)).toContain('node-3/pod/shop/web-3');
  });
});
