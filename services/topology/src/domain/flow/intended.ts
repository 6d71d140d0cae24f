/** The intended path of a resolved flow, by the CNI's conventions. */
import { type IntendedPath, intendedPath, type PathEnd, type PathQuestion } from '@netverdict/cni';
import type { ClusterObjects } from '@netverdict/kube';
import type { Protocol } from '@netverdict/linux-net';
import { networksOf } from '../networks.ts';
import { nameOf } from '../resolve/pods.ts';
import type { PlacedPod, Resolution, ResolvedSource } from '../resolve/resolution.ts';
import type { ServiceEndpoint } from '../resolve/services.ts';
import { serviceEndpoints } from './targets.ts';

export function intendedPathOf(objects: ClusterObjects, resolution: Resolution, protocol: Protocol): IntendedPath {
  const { cni, nodes } = networksOf(objects);
  return intendedPath({
    conventions: cni.conventions,
    nodes,
    source: sourceEnd(resolution.source),
    destination: destinationOf(objects, resolution, protocol),
  });
}

const podEnd = (pod: PlacedPod): PathEnd =>
  pod.hostNetwork
    ? { kind: 'host', node: pod.nodeName }
    : { kind: 'pod', node: pod.nodeName, namespace: pod.meta.namespace, name: pod.meta.name };

function sourceEnd(source: ResolvedSource): PathEnd {
  switch (source.kind) {
    case 'pod':
      return podEnd(source.pod);
    case 'node':
      return { kind: 'host', node: source.node.meta.name };
    case 'outside':
      return { kind: 'outside', address: source.address };
  }
}

function destinationOf(
  objects: ClusterObjects,
  resolution: Resolution,
  protocol: Protocol,
): PathQuestion['destination'] {
  const { place, address } = resolution.destination;
  switch (place.kind) {
    case 'pod':
      return { kind: 'end', end: podEnd(place.pod) };
    case 'node':
      return { kind: 'end', end: { kind: 'host', node: place.node.meta.name } };
    case 'address':
      return { kind: 'end', end: { kind: 'outside', address } };
    case 'service':
      return {
        kind: 'service',
        name: `service ${nameOf(place.target.service)}${place.target.port === null ? '' : `:${place.target.port}`}`,
        entryNode: place.target.entryNode,
        backends: serviceEndpoints(objects, resolution, protocol).map((e) => backend(objects, e)),
      };
  }
}

function backend(objects: ClusterObjects, endpoint: ServiceEndpoint): { label: string; end: PathEnd } {
  const pod = endpoint.pod ? objects.pod(endpoint.pod.namespace, endpoint.pod.name) : null;
  if (!pod?.nodeName) return { label: endpoint.address, end: { kind: 'outside', address: endpoint.address } };
  return { label: nameOf(pod), end: podEnd({ ...pod, nodeName: pod.nodeName }) };
}
