/**
 * What a CNI plugin promises: how the cluster's objects show that it is there, and which devices a packet is meant
 * to take. Compared with the simulated path, a difference is drift.
 */

/** The objects that plugins are recognised by: a projection, so that no client library is needed here. */
export interface CniObjects {
  readonly configMaps: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly data: Readonly<Record<string, string>>;
  }[];
  readonly nodes: readonly CniNode[];
}

export interface CniNode {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly podCidrs: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** One end of the way as the objects tell it. A host-network pod is its node. */
export type PathEnd =
  | { readonly kind: 'pod'; readonly node: string; readonly namespace: string; readonly name: string }
  | { readonly kind: 'host'; readonly node: string }
  | { readonly kind: 'outside'; readonly address: string };

export interface IntendedHop {
  /** Namespace key (`node-2/host`, `node-2/pod/shop/cart`), `wire` or `outside`. */
  readonly place: string;
  /** Devices and what happens there, in words: `cni0, then flannel.1 (vxlan VNI 1, udp/8472) to 172.18.0.12`. */
  readonly via: string;
}

/** Same shape as the `intendedPath` of the message `path-built`. */
export interface IntendedPath {
  readonly cni: string | null;
  readonly hops: readonly IntendedHop[];
}

/** What a plugin says about leaving one node for another node's pods. */
export interface CniConventions {
  /** `flannel (vxlan)`; null: no plugin that we know. */
  readonly name: string | null;
  /** The bridge or device that pods of a node hang on; null when not known. */
  readonly podDevice: string | null;
  /** From `from`'s host namespace to `to`'s, for traffic to pods: the sender's device, the wire, the receiver's device. */
  readonly betweenNodes: (from: CniNode, to: CniNode) => NodeToNode;
  /** What does source NAT for pods that leave the pod network; null when not known. */
  readonly masquerade: string | null;
}

export interface NodeToNode {
  readonly leave: string;
  readonly wire: string;
  readonly arrive: string;
}

export const UNKNOWN_CNI: CniConventions = {
  name: null,
  podDevice: null,
  betweenNodes: (_from, to) => ({
    leave: `the route to ${to.podCidrs[0] ?? to.name} that the CNI made`,
    wire: 'the network between the nodes',
    arrive: 'the device that the CNI receives on',
  }),
  masquerade: null,
};
