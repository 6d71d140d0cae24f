/** What of a cluster decides about policies: namespaces, pods, and the policies themselves. Immutable. */
import { formatIp, type IpAddress } from '@netverdict/linux-net';
import type { NetworkPolicy, TieredPolicy } from './policy.ts';
import type { Labels } from './selector.ts';

export type Protocol = 'TCP' | 'UDP' | 'SCTP';

export interface Namespace {
  readonly name: string;
  readonly labels: Labels;
}

/** A port of a container that has a name: policies and Services may call it so. */
export interface NamedPort {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
}

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly addresses: readonly IpAddress[];
  readonly node: string | null;
  /** It has its node's addresses: to policies its traffic is the node's. */
  readonly hostNetwork: boolean;
  readonly ports: readonly NamedPort[];
  /** What made it: `Deployment/web`; null: nobody. */
  readonly owner: string | null;
  /** It has run to its end: its addresses may be another's by now. */
  readonly ended: boolean;
}

export interface Node {
  readonly name: string;
  readonly labels: Labels;
  readonly addresses: readonly IpAddress[];
}

export interface Cluster {
  readonly namespaces: ReadonlyMap<string, Namespace>;
  /** By `namespace/name`. */
  readonly pods: ReadonlyMap<string, Pod>;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly policies: readonly NetworkPolicy[];
  readonly tiered: readonly TieredPolicy[];
}

export const podKey = (pod: { readonly namespace: string; readonly name: string }): string =>
  `${pod.namespace}/${pod.name}`;

/** One end of a flow, as policies tell ends apart. */
export type End =
  | { readonly kind: 'pod'; readonly pod: Pod }
  /** A node, or a pod that uses its network. */
  | { readonly kind: 'node'; readonly node: string; readonly address: IpAddress | null }
  | { readonly kind: 'outside'; readonly address: IpAddress };

export const describeEnd = (end: End): string =>
  end.kind === 'pod' ? podKey(end.pod) : end.kind === 'node' ? `node ${end.node}` : formatIp(end.address);

const owners = new WeakMap<Cluster, ReadonlyMap<IpAddress, End>>();

/** Who has an address: a pod, a node, or nobody of the cluster. */
export function endOf(cluster: Cluster, address: IpAddress): End {
  let byAddress = owners.get(cluster);
  if (!byAddress) {
    const found = new Map<IpAddress, End>();
    for (const pod of cluster.pods.values())
      if (!pod.hostNetwork && !pod.ended) for (const own of pod.addresses) found.set(own, { kind: 'pod', pod });
    for (const node of cluster.nodes.values())
      for (const own of node.addresses) found.set(own, { kind: 'node', node: node.name, address: own });
    byAddress = found;
    owners.set(cluster, byAddress);
  }
  return byAddress.get(address) ?? { kind: 'outside', address };
}

/** A pod as an end: one on its node's network is the node. */
export const endOfPod = (pod: Pod): End =>
  pod.hostNetwork && pod.node !== null
    ? { kind: 'node', node: pod.node, address: pod.addresses[0] ?? null }
    : { kind: 'pod', pod };
