/** What kube-proxy on one node knows: the cluster's objects, its node, and its configuration. */
import type { KubeObject } from '../api-server/object.ts';

/** How kube-proxy tells traffic of this node's (or the cluster's) pods from other traffic (--detect-local-mode). */
export type LocalDetector =
  | { readonly kind: 'cluster-cidr'; readonly cidr: string }
  | { readonly kind: 'bridge-interface'; readonly name: string }
  | { readonly kind: 'interface-name-prefix'; readonly prefix: string };

export interface KubeProxyConfig {
  readonly family: 'ipv4' | 'ipv6';
  /** null: every connection to a ClusterIP keeps its source unless `masqueradeAll`. */
  readonly localDetector: LocalDetector | null;
  readonly masqueradeAll: boolean;
  /** NodePorts answer on 127.0.0.1 too (needs route_localnet). IPv4 only. */
  readonly localhostNodePorts: boolean;
  /** Prefixes whose node addresses answer NodePorts; null or a zero prefix: all local addresses. */
  readonly nodePortAddresses: readonly string[] | null;
  /** MASQUERADE --random-fully: kube-proxy asks for it where the iptables of the node has it. */
  readonly randomFully: boolean;
  /** Bit of the mark for traffic that needs SNAT (--iptables-masquerade-bit). */
  readonly masqueradeBit: number;
  /** nf_conntrack_tcp_be_liberal is set: INVALID packets are not dropped. */
  readonly conntrackTcpBeLiberal: boolean;
  /** Prefixes of ClusterIPs: nftables mode drops what goes to one that no Service has. */
  readonly serviceCidrs: readonly string[];
  /** The empty KUBE-PROXY-CANARY chains by which kube-proxy notices that somebody flushed its tables. */
  readonly canaryChains: boolean;
}

export const DEFAULT_KUBE_PROXY_CONFIG: KubeProxyConfig = {
  family: 'ipv4',
  localDetector: null,
  masqueradeAll: false,
  localhostNodePorts: true,
  nodePortAddresses: null,
  randomFully: false,
  masqueradeBit: 14,
  conntrackTcpBeLiberal: false,
  serviceCidrs: [],
  canaryChains: false,
};

export interface KubeProxyInput {
  /** Nodes, Services, EndpointSlices; other kinds are passed over. */
  readonly objects: readonly KubeObject[];
  readonly nodeName: string;
  /** Every address of the node, both families, as text. */
  readonly nodeIps: readonly string[];
  readonly config?: Partial<KubeProxyConfig>;
}
