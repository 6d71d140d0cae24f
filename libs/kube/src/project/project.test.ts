import type { V1NetworkPolicy } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { projectEndpointSlice } from './endpoint-slice.ts';
import { projectNetworkPolicy } from './network-policy.ts';
import { projectNode } from './node.ts';
import { projectPod } from './pod.ts';
import { projectService } from './service.ts';

describe('a pod', () => {
  const pod = projectPod({
    metadata: {
      name: 'cart-6f9c-x',
      namespace: 'shop',
      uid: 'u1',
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"password":"hunter2"}' },
      labels: { 'pod-template-hash': '6f9c' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-6f9c', uid: 'u2', controller: true }],
    },
    spec: {
      nodeName: 'node-1',
      containers: [
        {
          name: 'main',
          env: [{ name: 'PASSWORD', value: 'hunter2' }],
          command: ['--password=hunter2'],
          ports: [
            { name: 'http', containerPort: 8080 },
            { containerPort: 53, protocol: 'UDP', hostPort: 5353 },
          ],
        },
      ],
    },
    status: {
      phase: 'Running',
      podIP: '10.244.1.7',
      podIPs: [{ ip: '10.244.1.7' }, { ip: 'fd00::7' }],
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ name: 'main', ready: true, restartCount: 3, image: '', imageID: '' }],
    },
  });
  it('keeps place, addresses, ports and workload', () => {
    expect(pod).toMatchObject({
      phase: 'Running',
      ready: true,
      nodeName: 'node-1',
      hostNetwork: false,
      ips: ['10.244.1.7', 'fd00::7'],
      ports: [
        { container: 'main', name: 'http', port: 8080, protocol: 'TCP', hostPort: null },
        { container: 'main', name: null, port: 53, protocol: 'UDP', hostPort: 5353 },
      ],
      containers: [{ name: 'main', ready: true, restarts: 3 }],
      owner: { kind: 'Deployment', name: 'cart' },
    });
  });
  it('keeps no environment, command or annotation', () => {
    expect(JSON.stringify(pod, (_, value: unknown) => (value instanceof Map ? [...value] : value))).not.toContain(
      'hunter2',
    );
  });
  it('without any status is pending on nothing', () => {
    expect(projectPod({ metadata: { name: 'new' } })).toMatchObject({
      phase: 'Unknown',
      ips: [],
      nodeName: null,
      owner: null,
    });
  });
});

it("a node keeps flannel's annotations and no other", () => {
  const node = projectNode({
    metadata: { name: 'n', annotations: { 'flannel.alpha.coreos.com/public-ip': '172.18.0.11', other: 'x' } },
    spec: { podCIDR: '10.244.1.0/24' },
    status: {
      addresses: [{ type: 'InternalIP', address: '172.18.0.11' }],
      conditions: [{ type: 'Ready', status: 'False' }],
    },
  });
  expect([...node.meta.annotations]).toEqual([['flannel.alpha.coreos.com/public-ip', '172.18.0.11']]);
  expect(node).toMatchObject({ podCidrs: ['10.244.1.0/24'], ready: false });
});

describe('a service', () => {
  it('takes the defaults of the API', () => {
    expect(
      projectService({ metadata: { name: 's' }, spec: { clusterIP: '10.96.0.1', ports: [{ port: 80 }] } }),
    ).toMatchObject({
      type: 'ClusterIP',
      clusterIps: ['10.96.0.1'],
      headless: false,
      ports: [{ name: null, protocol: 'TCP', port: 80, targetPort: 80, nodePort: null }],
      selector: null,
      sessionAffinity: { kind: 'None' },
      internalTrafficPolicy: 'Cluster',
    });
  });
  it('that is headless has no address', () => {
    const spec = { clusterIP: 'None', clusterIPs: ['None'] };
    expect(projectService({ spec })).toMatchObject({ clusterIps: [], headless: true });
  });
  it('remembers its clients for three hours unless told', () => {
    expect(projectService({ spec: { sessionAffinity: 'ClientIP' } }).sessionAffinity).toEqual({
      kind: 'ClientIP',
      timeoutSeconds: 10800,
    });
  });
});

it("an endpoint's absent conditions mean ready and serving", () => {
  const slice = projectEndpointSlice({
    addressType: 'IPv4',
    metadata: { namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
    endpoints: [
      { addresses: ['10.244.1.7'], targetRef: { kind: 'Pod', name: 'web-1' } },
      { addresses: ['10.244.1.8'], conditions: { ready: false, serving: true, terminating: true } },
    ],
    ports: [{ port: 8080 }],
  });
  expect(slice.serviceName).toBe('web');
  expect(slice.endpoints).toMatchObject([
    { ready: true, serving: true, terminating: false, pod: { namespace: 'shop', name: 'web-1' } },
    { ready: false, serving: true, terminating: true, pod: null },
  ]);
});

it('a policy tells everyone, nobody and some apart', () => {
  const raw = JSON.parse(`{"metadata":{"name":"p","namespace":"shop"},"spec":{"podSelector":{},"ingress":[{},
    {"from":[{"podSelector":{"matchLabels":{"app":"web"}}},{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}}],
     "ports":[{"port":"http"},{"port":8000,"endPort":8010,"protocol":"UDP"}]}]}}`) as V1NetworkPolicy;
  const policy = projectNetworkPolicy(raw);
  expect(policy.types).toEqual(['Ingress']);
  expect(policy.ingress[0]).toEqual({ peers: null, ports: null });
  expect(policy.ingress[1]?.peers).toMatchObject([
    { kind: 'pods', namespaces: null, pods: { matchLabels: new Map([['app', 'web']]) } },
    { kind: 'ip-block', cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] },
  ]);
  expect(policy.ingress[1]?.ports).toEqual([
    { protocol: 'TCP', port: 'http', endPort: null },
    { protocol: 'UDP', port: 8000, endPort: 8010 },
  ]);
  expect(policy.egress).toEqual([]);
});
