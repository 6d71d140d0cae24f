/** What the cluster's objects say about the addresses that the flow can meet. */
import type { ClusterObjects, Pod, Service } from '@netverdict/kube';
import type { ClusterMap } from '@netverdict/linux-net';
import { networksOf } from '../networks.ts';
import type { Resolution } from '../resolve/resolution.ts';
import { endpointsOf } from '../resolve/services.ts';
import { policyObjects } from './policy-objects.ts';

/**
 * Up to here every pod is named, so that an address that a rule rewrites to is told whosever it is. Beyond, the
 * message would outgrow the bus: only the pods that the objects tie to the flow.
 */
const ALL_PODS_BELOW = 1000;

export function clusterMap(objects: ClusterObjects, resolution: Resolution): ClusterMap {
  const { facts, nodes } = networksOf(objects);
  const services = servicesOf(objects, resolution);
  const policies = policyObjects(objects, endsOf(objects, resolution, services));
  return {
    nodes: nodes.map(({ name, addresses, podCidrs }) => ({ name, addresses, podCidrs })),
    pods: podsOf(objects, resolution, services).map((pod) => ({
      namespace: pod.meta.namespace,
      name: pod.meta.name,
      node: pod.nodeName ?? '',
      addresses: pod.ips.length > 0 ? pod.ips : pod.hostIps,
      hostNetwork: pod.hostNetwork,
      phase: pod.phase,
      ready: pod.ready,
    })),
    services: services.map((service) => mapService(objects, service)),
    podCidrs: facts.podCidrs,
    serviceCidrs: facts.serviceCidrs,
    ...(policies === null ? {} : { policyObjects: policies }),
  };
}

/** The Service asked for, those with the same cluster IP (there is one), and those that a node port could mean. */
function servicesOf(objects: ClusterObjects, { destination }: Resolution): Service[] {
  const found = new Set<Service>();
  if (destination.place.kind === 'service') found.add(destination.place.target.service);
  const byIp = objects.serviceByClusterIp(destination.address);
  if (byIp) found.add(byIp);
  for (const external of objects.servicesByExternalIp(destination.address)) found.add(external);
  return [...found];
}

function mapService(objects: ClusterObjects, service: Service): ClusterMap['services'][number] {
  return {
    namespace: service.meta.namespace,
    name: service.meta.name,
    clusterIps: service.clusterIps,
    ports: service.ports.map((p) => ({ name: p.name ?? '', protocol: p.protocol, port: p.port, nodePort: p.nodePort })),
    endpoints: endpointsOf(objects, service, null, undefined).map((e) => ({
      address: e.address,
      port: e.port,
      protocol: e.protocol,
      pod: e.pod === null ? null : `${e.pod.namespace}/${e.pod.name}`,
      node: e.node,
      ready: e.ready,
    })),
  };
}

function podsOf(objects: ClusterObjects, resolution: Resolution, services: readonly Service[]): Pod[] {
  if (objects.pods.size < ALL_PODS_BELOW) return [...objects.pods.values()].filter(running);
  return endsOf(objects, resolution, services);
}

const running = (pod: Pod): boolean => pod.nodeName !== null && pod.phase !== 'Succeeded' && pod.phase !== 'Failed';

/** The pods that the flow begins or ends at, by the objects. */
function endsOf(objects: ClusterObjects, resolution: Resolution, services: readonly Service[]): Pod[] {
  const pods = new Map<string, Pod>();
  const add = (pod: Pod | null): void => {
    if (pod && running(pod)) pods.set(pod.meta.uid, pod);
  };
  if (resolution.source.kind === 'pod') add(resolution.source.pod);
  if (resolution.destination.place.kind === 'pod') add(resolution.destination.place.pod);
  for (const service of services)
    for (const endpoint of endpointsOf(objects, service, null, undefined))
      if (endpoint.pod) add(objects.pod(endpoint.pod.namespace, endpoint.pod.name));
  return [...pods.values()];
}
