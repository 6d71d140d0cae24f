/** A small cluster as objects, for tests: three nodes, web behind Services, some odd pods. */
import { type ClusterObjects, type Pod, type ProjectedObject, type Service, viewOf } from '@netverdict/kube';

type Meta = Pod['meta'];

const meta = (namespace: string, name: string): Meta => ({
  name,
  namespace,
  uid: `${namespace}/${name}`,
  resourceVersion: '1',
  createdAt: '2026-01-01T00:00:00Z',
  deletionRequestedAt: null,
  labels: new Map(),
  annotations: new Map(),
});

export const node = (i: number): ProjectedObject => ({
  kind: 'Node',
  meta: meta('', `node-${i}`),
  addresses: [
    { type: 'InternalIP', address: `172.18.0.${10 + i}` },
    { type: 'Hostname', address: `node-${i}` },
  ],
  podCidrs: [`10.244.${i}.0/24`],
  ready: true,
  unschedulable: false,
  containerRuntime: null,
  kernelVersion: null,
  kubeProxyVersion: null,
});

export const pod = (namespace: string, name: string, more: Partial<Pod> = {}): Pod => ({
  kind: 'Pod',
  meta: meta(namespace, name),
  phase: 'Running',
  ready: true,
  reason: null,
  nodeName: 'node-1',
  hostNetwork: false,
  ips: [],
  hostIps: [],
  ports: [],
  containers: [],
  owner: null,
  ...more,
});

export const service = (namespace: string, name: string, more: Partial<Service> = {}): Service => ({
  kind: 'Service',
  meta: meta(namespace, name),
  type: 'ClusterIP',
  clusterIps: [],
  headless: false,
  externalName: null,
  externalIps: [],
  loadBalancerIps: [],
  loadBalancerSourceRanges: [],
  ports: [],
  selector: new Map(),
  sessionAffinity: { kind: 'None' },
  internalTrafficPolicy: 'Cluster',
  externalTrafficPolicy: 'Cluster',
  healthCheckNodePort: null,
  publishNotReadyAddresses: false,
  ...more,
});

const http = { container: 'main', name: 'http', port: 8080, protocol: 'TCP', hostPort: null, hostIp: null } as const;
const owner = { kind: 'Deployment', name: 'web', via: { kind: 'ReplicaSet', name: 'web-6f9c' } };
const web = (i: number): Pod =>
  pod('shop', `web-${i}`, { nodeName: `node-${i}`, ips: [`10.244.${i}.10`], ports: [http], owner, ready: i !== 1 });

const slice = (serviceName: string, port: string, pods: readonly Pod[]): ProjectedObject => ({
  kind: 'EndpointSlice',
  meta: meta('shop', `${serviceName}-x`),
  serviceName,
  addressType: 'IPv4',
  endpoints: pods.map((p) => ({
    addresses: p.ips,
    ready: p.ready,
    serving: p.ready,
    terminating: false,
    nodeName: p.nodeName,
    zone: null,
    pod: { namespace: p.meta.namespace, name: p.meta.name },
  })),
  ports: [{ name: port, protocol: 'TCP', port: 8080 }],
});

const WEB = [web(1), web(2), web(3)];
const webPort = { name: 'http', protocol: 'TCP', port: 80, targetPort: 'http', nodePort: null } as const;

export const shop = (): ClusterObjects =>
  viewOf(
    [
      node(1),
      node(2),
      node(3),
      ...(['shop', 'default', 'kube-system'] as const).map(
        (name): ProjectedObject => ({ kind: 'Namespace', meta: meta('', name), phase: 'Active' }),
      ),
      ...WEB,
      pod('shop', 'cart', { ips: ['10.244.1.7'] }),
      pod('default', 'client', { ips: ['10.244.2.9'], nodeName: 'node-2' }),
      pod('kube-system', 'proxy', {
        hostNetwork: true,
        nodeName: 'node-3',
        ips: ['172.18.0.13'],
        hostIps: ['172.18.0.13'],
      }),
      pod('shop', 'done', { phase: 'Succeeded', ips: ['10.244.1.66'] }),
      pod('shop', 'waiting', { phase: 'Pending', nodeName: null }),
      service('shop', 'web', { clusterIps: ['10.96.0.80'], ports: [webPort] }),
      service('shop', 'web-nodeport', {
        type: 'NodePort',
        clusterIps: ['10.96.0.81'],
        ports: [{ ...webPort, nodePort: 30080 }],
      }),
      service('shop', 'web-headless', { headless: true, ports: [{ ...webPort, port: 8080 }] }),
      service('shop', 'two', {
        clusterIps: ['10.96.0.90'],
        ports: [webPort, { ...webPort, name: 'metrics', port: 9090 }],
      }),
      service('shop', 'alias', { type: 'ExternalName', externalName: 'example.org' }),
      service('default', 'empty', { clusterIps: ['10.96.0.99'], ports: [webPort] }),
      slice('web', 'http', WEB),
      slice('web-nodeport', 'http', WEB),
      slice('web-headless', 'http', WEB),
      {
        kind: 'ConfigMap',
        meta: meta('kube-flannel', 'kube-flannel-cfg'),
        data: new Map([['net-conf.json', '{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan"}}']]),
      },
    ],
    [
      {
        pod: pod('shop', 'old', { ips: ['10.244.3.77'] }),
        how: 'deleted',
        seenAtMs: Date.parse('2026-01-01T00:00:00Z'),
      },
    ],
  );
