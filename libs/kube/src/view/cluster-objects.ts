/** An immutable view of the cluster's objects, with the indexes that a diagnosis asks. Indexes are made when first asked. */
import type {
  ConfigMap,
  EndpointSlice,
  Namespace,
  NetworkPolicy,
  Node,
  ObjectKey,
  Pod,
  Protocol,
  Service,
  ServicePort,
  TerminatedPod,
} from '../objects/index.ts';

export interface ClusterObjects {
  /** Grows with every change that the informers saw. */
  readonly revision: number;
  readonly nodes: ReadonlyMap<string, Node>;
  /** By `namespace/name`. Terminated pods that the API still has are here too, by phase. */
  readonly pods: ReadonlyMap<ObjectKey, Pod>;
  readonly services: ReadonlyMap<ObjectKey, Service>;
  readonly endpointSlices: ReadonlyMap<ObjectKey, EndpointSlice>;
  readonly namespaces: ReadonlyMap<string, Namespace>;
  readonly networkPolicies: ReadonlyMap<ObjectKey, NetworkPolicy>;
  readonly configMaps: ReadonlyMap<ObjectKey, ConfigMap>;
  /** Pods that ended in the last ten minutes, newest first. */
  readonly terminatedPods: readonly TerminatedPod[];

  pod(namespace: string, name: string): Pod | null;
  service(namespace: string, name: string): Service | null;
  /** Any of its addresses, or its hostname. */
  nodeByAddress(address: string): Node | null;
  /** Pods that hold the address now: running or pending, host-network pods left out. */
  podsByIp(ip: string): readonly Pod[];
  terminatedPodsByIp(ip: string): readonly TerminatedPod[];
  podsOnNode(node: string): readonly Pod[];
  /** `kind/namespace/name` of the workload, kind in lower case: `deployment/shop/cart`. */
  podsOfWorkload(workload: string): readonly Pod[];
  serviceByClusterIp(ip: string): Service | null;
  /** By external IP or load balancer IP. */
  servicesByExternalIp(ip: string): readonly Service[];
  serviceByNodePort(port: number, protocol: Protocol): { readonly service: Service; readonly port: ServicePort } | null;
  /** By the Service's `namespace/name`. */
  slicesOfService(namespace: string, name: string): readonly EndpointSlice[];
}
