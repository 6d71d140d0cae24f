import { describe, expect, it } from 'vitest';
import { projectEndpointSlice } from '../project/endpoint-slice.ts';
import { projectNode } from '../project/node.ts';
import { projectPod } from '../project/pod.ts';
import { projectService } from '../project/service.ts';
import { viewOf } from './build-view.ts';
import { KEEP_MS, TerminatedPods } from './terminated-pods.ts';

const pod = (name: string, more: { ip?: string; phase?: string; hostNetwork?: boolean; uid?: string } = {}) =>
  projectPod({
    metadata: {
      name,
      namespace: 'shop',
      uid: more.uid ?? name,
      labels: { 'pod-template-hash': 'abc' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-abc', uid: 'r', controller: true }],
    },
    spec: { nodeName: 'node-1', hostNetwork: more.hostNetwork ?? false, containers: [] },
    status: { phase: more.phase ?? 'Running', podIP: more.ip ?? '10.244.1.7' },
  });

describe('the view finds', () => {
  const view = viewOf([
    pod('web-1'),
    pod('done', { phase: 'Succeeded' }),
    pod('agent', { ip: '172.18.0.11', hostNetwork: true }),
    projectNode({
      metadata: { name: 'node-1' },
      status: {
        addresses: [
          { type: 'InternalIP', address: '172.18.0.11' },
          { type: 'Hostname', address: 'one' },
        ],
      },
    }),
    projectService({
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        clusterIP: '10.96.0.80',
        externalIPs: ['192.0.2.9'],
        ports: [
          { port: 80, nodePort: 30080 },
          { port: 53, protocol: 'UDP', nodePort: 30053 },
        ],
      },
    }),
    projectEndpointSlice({
      addressType: 'IPv4',
      endpoints: [],
      metadata: { name: 'web-x', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
    }),
  ]);
  const names = (pods: readonly { meta: { name: string } }[]): string[] => pods.map((p) => p.meta.name);

  it('the pod that holds an address, not one that ended or shares its node’s', () => {
    expect(names(view.podsByIp('10.244.1.7'))).toEqual(['web-1']);
    expect(view.podsByIp('172.18.0.11')).toEqual([]);
    expect(view.nodeByAddress('172.18.0.11')?.meta.name).toBe('node-1');
    expect(view.nodeByAddress('one')?.meta.name).toBe('node-1');
  });
  it('pods by node and by workload', () => {
    expect(names(view.podsOnNode('node-1'))).toEqual(['web-1', 'agent']);
    expect(names(view.podsOfWorkload('deployment/shop/web'))).toEqual(['web-1', 'agent']);
    expect(view.podsOfWorkload('replicaset/shop/web-abc')).toHaveLength(2);
    expect(view.podsOfWorkload('deployment/shop/other')).toEqual([]);
  });
  it('services by any of their addresses and by NodePort and protocol', () => {
    expect(view.serviceByClusterIp('10.96.0.80')?.meta.name).toBe('web');
    expect(view.servicesByExternalIp('192.0.2.9')).toHaveLength(1);
    expect(view.serviceByNodePort(30053, 'UDP')?.port.port).toBe(53);
    expect(view.serviceByNodePort(30053, 'TCP')).toBeNull();
    expect(view.slicesOfService('shop', 'web')).toHaveLength(1);
  });
});

describe('a terminated pod', () => {
  let now = 1_000_000;
  const terminated = new TerminatedPods(() => now);
  it('is kept with how and when it ended, newest first, and let go after ten minutes', () => {
    terminated.seen(pod('running'));
    terminated.seen(pod('job', { phase: 'Failed' }));
    now += 1000;
    terminated.gone(pod('job', { phase: 'Failed' })); // deleted later: it failed nonetheless
    terminated.gone(pod('web-1'));
    expect(terminated.list().map(({ pod: p, how }) => `${p.meta.name} ${how}`)).toEqual([
      'web-1 deleted',
      'job failed',
    ]);
    now += KEEP_MS - 1000;
    expect(terminated.list().map(({ pod: p }) => p.meta.name)).toEqual(['web-1']);
    now += 1000;
    expect(terminated.list()).toEqual([]);
    expect(terminated.nextExpiryMs()).toBe(Number.POSITIVE_INFINITY);
  });
  it('is one of 5000 at most', () => {
    for (let n = 0; n < 5100; n++) terminated.gone(pod(`p${n}`));
    expect(terminated.list()).toHaveLength(5000);
    expect(terminated.list()[0]?.pod.meta.name).toBe('p5099');
  });
});
