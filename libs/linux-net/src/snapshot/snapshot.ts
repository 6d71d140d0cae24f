/** A snapshot: which namespaces of which nodes were read, when, and the digests of their sections. */
import type { SectionEntry } from './section.ts';

/** `node-2/host`, `node-2/pod/shop/cart-6f9`, `node-2/netns/4026532301`. Unique in a cluster. */
export type NamespaceKey = string;
export const hostKey = (node: string): NamespaceKey => `${node}/host`;
export const podKey = (node: string, namespace: string, pod: string): NamespaceKey => `${node}/pod/${namespace}/${pod}`;
export const netnsKey = (node: string, inode: number): NamespaceKey => `${node}/netns/${inode}`;

export interface NamespaceSnapshot {
  readonly key: NamespaceKey;
  readonly node: string;
  readonly kind: 'host' | 'pod' | 'other';
  readonly pod: { readonly namespace: string; readonly name: string } | null;
  readonly inode: number;
  readonly sections: readonly SectionEntry[];
}

export interface NodeSnapshot {
  readonly node: string;
  /** RFC 3339, when the agent began to read. */
  readonly at: string;
  /** The node's clock minus ours, in milliseconds; null when it could not be measured. */
  readonly clockOffsetMs: number | null;
  /** Why nothing of the node is here (agent silent, deadline…). */
  readonly unavailable: string | null;
  readonly namespaces: readonly NamespaceSnapshot[];
}

/** What the cluster's objects say about an address or a node: enough to follow a packet over the wire. */
export interface ClusterMap {
  readonly nodes: readonly {
    readonly name: string;
    readonly addresses: readonly string[];
    readonly podCidrs: readonly string[];
  }[];
  /** Pods that the flow can meet (source, destination, endpoints): address to pod and node. */
  readonly pods: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly node: string;
    readonly addresses: readonly string[];
    readonly hostNetwork: boolean;
    readonly phase: string;
    readonly ready: boolean;
  }[];
  readonly services: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly clusterIps: readonly string[];
    readonly ports: readonly {
      readonly name: string;
      readonly protocol: string;
      readonly port: number;
      readonly nodePort: number | null;
    }[];
    readonly endpoints: readonly {
      readonly address: string;
      readonly port: number;
      readonly protocol: string;
      readonly pod: string | null;
      readonly node: string | null;
      readonly ready: boolean;
    }[];
  }[];
  readonly podCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  /** The NetworkPolicies of the namespaces of the flow's pods, with these Namespaces and Pods, as manifests. Absent: not looked at. */
  readonly policyObjects?: readonly object[];
}

export interface Snapshot {
  readonly cluster: string;
  readonly at: string;
  readonly nodes: readonly NodeSnapshot[];
  readonly map: ClusterMap;
}
