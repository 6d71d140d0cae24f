/** Small clusters for tests, as manifests. */
import { parseIp } from '@netverdict/linux-net';
import { type Cluster, type End, endOf, endOfPod, type Protocol } from './cluster.ts';
import type { Answer, PolicyFlow } from './evaluate/answer.ts';
import { evaluate } from './evaluate/evaluate.ts';
import { formatProblem } from './objects/problem.ts';
import { type KubernetesObject, readCluster } from './objects/read.ts';

type Record_ = Readonly<Record<string, string>>;

export const namespace = (name: string, labels: Record_ = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

let next = 1;
/** `shop/web`, on node-1, with an address of its own and the label app=<its name>. */
export function pod(key: string, more: { labels?: Record_; spec?: object; ip?: string } = {}): KubernetesObject {
  const [ns = '', name = ''] = key.split('/');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: ns, name, labels: { app: name, ...more.labels } },
    spec: { nodeName: 'node-1', ...more.spec },
    status: { podIP: more.ip ?? `10.244.0.${next++ % 250}` },
  };
}

export const node = (name: string, ip: string, labels: Record_ = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
  status: { addresses: [{ type: 'InternalIP', address: ip }] },
});

export const policy = (key: string, spec: object): KubernetesObject => {
  const [ns = '', name = ''] = key.split('/');
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { namespace: ns, name }, spec };
};

const VERSIONS = { ClusterNetworkPolicy: 'v1alpha2' } as Readonly<Record<string, string>>;
export const tieredPolicy = (kind: string, name: string, spec: object): KubernetesObject => ({
  apiVersion: `policy.networking.k8s.io/${VERSIONS[kind] ?? 'v1alpha1'}`,
  kind,
  metadata: { name },
  spec,
});

/** @throws with the objects' problems */
export function clusterOf(objects: readonly KubernetesObject[]): Cluster {
  const { cluster, problems } = readCluster(objects);
  if (problems.length > 0) throw new Error(problems.map(formatProblem).join('\n'));
  return cluster;
}

/** `shop/web`, `node/node-1` or an address. */
export function endNamed(cluster: Cluster, text: string): End {
  const found = cluster.pods.get(text);
  if (found) return endOfPod(found);
  const [kind, name = ''] = text.split('/');
  const known = kind === 'node' ? cluster.nodes.get(name) : undefined;
  if (known) return { kind: 'node', node: name, address: known.addresses[0] ?? null };
  const address = parseIp(text);
  if (!address.ok) throw new Error(`${text} is no end of this cluster`);
  return endOf(cluster, address.value);
}

export const flowOf = (
  cluster: Cluster,
  from: string,
  to: string,
  port = 80,
  protocol: Protocol = 'TCP',
): PolicyFlow => ({
  source: endNamed(cluster, from),
  destination: endNamed(cluster, to),
  protocol,
  port,
});

export function ask(cluster: Cluster, from: string, to: string, port = 80, protocol: Protocol = 'TCP'): Answer {
  return evaluate(cluster, flowOf(cluster, from, to, port, protocol));
}
