/**
 * A cluster that need not be there: what its nodes are programmed with was recorded once (libs/bundle/fixtures), and the objects are made
 * from the map that was recorded with it. Thousands of diagnoses of it cost no kernel work, and each answer is known.
 */
import { readFileSync } from 'node:fs';
import { type Bundle, parseBundle } from '@netverdict/bundle';
import type { NodeSnapshot } from '@netverdict/linux-net';
import type { KubeObject } from '../../../libs/lab/src/api-server/index.ts';

const FILE = new URL('../../../libs/bundle/fixtures/node-forward-drop/bundle.json', import.meta.url);

function read(): Bundle {
  const bundle = parseBundle(readFileSync(FILE, 'utf8'));
  if (!bundle.ok) throw new Error(bundle.error);
  return bundle.value;
}

export const RECORDED = read();
export const CLUSTER = RECORDED.snapshot.cluster;
export const NODES: readonly string[] = RECORDED.snapshot.nodes.map(({ node }) => node);

export interface Question {
  readonly source: { readonly pod: string };
  readonly destination: { readonly pod?: string; readonly service?: string; readonly port: number };
  readonly protocol: 'tcp';
}

/** A rule on node-2 drops what is forwarded to its web pod; nobody has ever heard of the last one's destination. */
export const QUESTIONS: readonly { readonly ask: Question; readonly answer: string }[] = [
  { ask: of({ service: 'default/web', port: 80 }), answer: 'partially-reachable' },
  { ask: of({ pod: 'default/web-1', port: 8080 }), answer: 'reachable' },
  { ask: of({ pod: 'default/web-3', port: 8080 }), answer: 'reachable' },
  { ask: of({ pod: 'default/web-2', port: 8080 }), answer: 'unreachable' },
  { ask: of({ pod: 'default/web-3', port: 8080 }), answer: 'reachable' },
  { ask: of({ pod: 'default/nobody', port: 8080 }), answer: 'failed: unknown-pod' },
];

function of(destination: Question['destination']): Question {
  return { source: { pod: 'default/client' }, destination, protocol: 'tcp' };
}

const meta = (namespace: string, name: string) => ({ namespace, name });
const ready = [{ type: 'Ready', status: 'True' }];

export function clusterObjects(): KubeObject[] {
  const { nodes, pods, services } = RECORDED.snapshot.map;
  return [
    ...nodes.map(
      ({ name, addresses, podCidrs }): KubeObject => ({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: {
          name,
          annotations: {
            'flannel.alpha.coreos.com/backend-type': 'vxlan',
            'flannel.alpha.coreos.com/public-ip': addresses[0] ?? '',
          },
        },
        spec: { podCIDR: podCidrs[0], podCIDRs: podCidrs },
        status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })), conditions: ready },
      }),
    ),
    ...pods.map(
      ({ namespace, name, node, addresses, hostNetwork, phase }): KubeObject => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: meta(namespace, name),
        spec: { nodeName: node, hostNetwork, containers: [{ name: 'echo', image: 'echo' }] },
        status: { phase, podIP: addresses[0], podIPs: addresses.map((ip) => ({ ip })), conditions: ready },
      }),
    ),
    ...services.flatMap(({ namespace, name, clusterIps, ports, endpoints }): KubeObject[] => [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: meta(namespace, name),
        spec: {
          type: 'ClusterIP',
          clusterIP: clusterIps[0],
          clusterIPs: clusterIps,
          ports: ports.map((port) => ({ name: port.name, protocol: port.protocol, port: port.port, targetPort: 8080 })),
        },
      },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { ...meta(namespace, `${name}-1`), labels: { 'kubernetes.io/service-name': name } },
        addressType: 'IPv4',
        ports: ports.map(({ name: port, protocol }) => ({ name: port, protocol, port: endpoints[0]?.port })),
        endpoints: endpoints.map((endpoint) => {
          const [podNamespace = '', pod = ''] = endpoint.pod?.split('/') ?? [];
          return {
            addresses: [endpoint.address],
            conditions: { ready: endpoint.ready, serving: endpoint.ready, terminating: false },
            nodeName: endpoint.node,
            targetRef: { kind: 'Pod', ...meta(podNamespace, pod) },
          };
        }),
      },
    ]),
  ];
}

/** The node as if it had been read just now. */
export function nodeNow(node: string): NodeSnapshot {
  const recorded = RECORDED.snapshot.nodes.find((each) => each.node === node);
  if (!recorded) throw new Error(`nothing was recorded of ${node}`);
  const at = new Date().toISOString();
  return {
    ...recorded,
    at,
    namespaces: recorded.namespaces.map((namespace) => ({
      ...namespace,
      sections: namespace.sections.map((section) => ('missing' in section ? section : { ...section, at })),
    })),
  };
}
