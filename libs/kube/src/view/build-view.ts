/** Makes the view out of the objects. Pure: tests and offline commands feed it lists. */
import {
  type ConfigMap,
  type EndpointSlice,
  keyOf,
  type Namespace,
  type NetworkPolicy,
  type Node,
  objectKey,
  type Pod,
  type Service,
  type ServicePort,
  type TerminatedPod,
} from '../objects/index.ts';
import type { ClusterObjects } from './cluster-objects.ts';

export interface ViewParts {
  readonly revision: number;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly pods: ReadonlyMap<string, Pod>;
  readonly services: ReadonlyMap<string, Service>;
  readonly endpointSlices: ReadonlyMap<string, EndpointSlice>;
  readonly namespaces: ReadonlyMap<string, Namespace>;
  readonly networkPolicies: ReadonlyMap<string, NetworkPolicy>;
  readonly configMaps: ReadonlyMap<string, ConfigMap>;
  readonly terminatedPods: readonly TerminatedPod[];
}

export type ProjectedObject = Node | Pod | Service | EndpointSlice | Namespace | NetworkPolicy | ConfigMap;

/** A view of the given objects, in whatever order. */
export function viewOf(
  objects: readonly ProjectedObject[],
  terminatedPods: readonly TerminatedPod[] = [],
): ClusterObjects {
  const of = <K extends ProjectedObject['kind']>(kind: K): Map<string, Extract<ProjectedObject, { kind: K }>> =>
    new Map(objects.flatMap((o) => (o.kind === kind ? [[keyOf(o), o as Extract<ProjectedObject, { kind: K }>]] : [])));
  return buildView({
    revision: 0,
    nodes: of('Node'),
    pods: of('Pod'),
    services: of('Service'),
    endpointSlices: of('EndpointSlice'),
    namespaces: of('Namespace'),
    networkPolicies: of('NetworkPolicy'),
    configMaps: of('ConfigMap'),
    terminatedPods,
  });
}

export function buildView(parts: ViewParts): ClusterObjects {
  const nodes = nodeIndex(parts.nodes);
  const pods = podIndexes(parts.pods);
  const services = serviceIndexes(parts.services);
  const slices = sliceIndex(parts.endpointSlices);
  const terminatedByIp = lazy(() => indexOf(parts.terminatedPods, ({ pod }) => (pod.hostNetwork ? [] : pod.ips)));
  return {
    ...parts,
    pod: (namespace, name) => parts.pods.get(objectKey(namespace, name)) ?? null,
    service: (namespace, name) => parts.services.get(objectKey(namespace, name)) ?? null,
    nodeByAddress: (address) => nodes().get(address)?.[0] ?? null,
    podsByIp: (ip) => pods.byIp().get(ip) ?? [],
    terminatedPodsByIp: (ip) => terminatedByIp().get(ip) ?? [],
    podsOnNode: (node) => pods.onNode().get(node) ?? [],
    podsOfWorkload: (workload) => pods.ofWorkload().get(workload) ?? [],
    serviceByClusterIp: (ip) => services.byClusterIp().get(ip)?.[0] ?? null,
    servicesByExternalIp: (ip) => services.byExternalIp().get(ip) ?? [],
    serviceByNodePort: (port, protocol) => services.byNodePort().get(`${port}/${protocol}`) ?? null,
    slicesOfService: (namespace, name) => slices().get(objectKey(namespace, name)) ?? [],
  };
}

// An index belongs to its map: a view made after a change of pods has the services' indexes of the one before.
const nodeIndex = perMap((nodes: ReadonlyMap<string, Node>) =>
  lazy(() => indexOf(nodes.values(), (node) => [...node.addresses.map((a) => a.address), node.meta.name])),
);
const podIndexes = perMap((pods: ReadonlyMap<string, Pod>) => {
  const live = lazy(() => [...pods.values()].filter((pod) => pod.phase !== 'Succeeded' && pod.phase !== 'Failed'));
  return {
    byIp: lazy(() => indexOf(live(), (pod) => (pod.hostNetwork ? [] : pod.ips))),
    onNode: lazy(() => indexOf(live(), (pod) => (pod.nodeName === null ? [] : [pod.nodeName]))),
    ofWorkload: lazy(() => indexOf(live(), workloadsOf)),
  };
});
const serviceIndexes = perMap((services: ReadonlyMap<string, Service>) => ({
  byClusterIp: lazy(() => indexOf(services.values(), (service) => service.clusterIps)),
  byExternalIp: lazy(() =>
    indexOf(services.values(), (s) => [...s.externalIps, ...s.loadBalancerIps.map((entry) => entry.ip)]),
  ),
  byNodePort: lazy(() => {
    const index = new Map<string, { service: Service; port: ServicePort }>();
    for (const service of services.values())
      for (const port of service.ports)
        if (port.nodePort !== null) index.set(`${port.nodePort}/${port.protocol}`, { service, port });
    return index;
  }),
}));
const sliceIndex = perMap((slices: ReadonlyMap<string, EndpointSlice>) =>
  lazy(() =>
    indexOf(slices.values(), (slice) =>
      slice.serviceName === null ? [] : [objectKey(slice.meta.namespace, slice.serviceName)],
    ),
  ),
);

/** By what the user calls it and by the controller itself: `deployment/shop/cart`, `replicaset/shop/cart-6f9`. */
function workloadsOf({ owner, meta }: Pod): string[] {
  if (owner === null) return [];
  const both = [owner, owner.via].map(({ kind, name }) => `${kind.toLowerCase()}/${meta.namespace}/${name}`);
  return [...new Set(both)];
}

function indexOf<T>(items: Iterable<T>, keysOf: (item: T) => readonly string[]): ReadonlyMap<string, readonly T[]> {
  const index = new Map<string, T[]>();
  for (const item of items)
    for (const key of keysOf(item)) {
      const list = index.get(key);
      if (list === undefined) index.set(key, [item]);
      else list.push(item);
    }
  return index;
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function perMap<K extends object, V>(make: (map: K) => V): (map: K) => V {
  const made = new WeakMap<K, { readonly value: V }>();
  return (map) => {
    const known = made.get(map) ?? { value: make(map) };
    made.set(map, known);
    return known.value;
  };
}
