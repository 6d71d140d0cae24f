/** Which namespaces of which nodes to read first. What the packet meets beyond is asked for by the simulator. */
import type { CollectTarget } from '@netverdict/contracts';
import type { ClusterObjects } from '@netverdict/kube';
import type { Need, Protocol } from '@netverdict/linux-net';
import { parseIp, parsePrefix, prefixContains } from '@netverdict/linux-net';
import { networksOf } from '../networks.ts';
import type { PlacedPod, Resolution } from '../resolve/resolution.ts';
import { endpointsOf, type ServiceEndpoint } from '../resolve/services.ts';

export type TargetsByNode = ReadonlyMap<string, readonly CollectTarget[]>;

/** Backends read at once; the rest follow by `collection-needed` where the rules really lead there. */
const ENDPOINT_BUDGET = 8;

export function initialTargets(objects: ClusterObjects, resolution: Resolution, protocol: Protocol): TargetsByNode {
  const targets = new TargetSet();
  const { source, destination } = resolution;
  if (source.kind === 'pod') targets.pod(source.pod);
  if (source.kind === 'node') targets.host(source.node.meta.name);
  const { place } = destination;
  switch (place.kind) {
    case 'pod':
      targets.pod(place.pod);
      break;
    case 'node':
      targets.host(place.node.meta.name);
      break;
    case 'service': {
      if (place.target.entryNode !== null) targets.host(place.target.entryNode);
      for (const endpoint of serviceEndpoints(objects, resolution, protocol).slice(0, ENDPOINT_BUDGET))
        targets.endpoint(objects, endpoint);
      break;
    }
    case 'address': {
      const node = nodeOfPodCidr(objects, destination.address);
      if (node !== null) targets.host(node);
      break;
    }
  }
  return targets.byNode();
}

/** Endpoints that the asked port of the asked Service leads to: ready ones, in the objects' order. */
export function serviceEndpoints(
  objects: ClusterObjects,
  { destination }: Resolution,
  protocol: Protocol,
): readonly ServiceEndpoint[] {
  if (destination.place.kind !== 'service' || destination.place.target.port === null) return [];
  const { service, port } = destination.place.target;
  return endpointsOf(objects, service, protocol, port).filter((e) => e.ready);
}

export function targetsOfNeeds(needs: readonly Need[]): TargetsByNode {
  const targets = new TargetSet();
  for (const need of needs) {
    switch (need.kind) {
      case 'node':
        targets.host(need.node);
        break;
      case 'pod':
        targets.add(need.node, { kind: 'pod', namespace: need.namespace, name: need.pod });
        break;
      case 'netns':
        targets.add(need.node, { kind: 'netns', inode: need.inode });
        break;
    }
  }
  return targets.byNode();
}

export function targetKey(target: CollectTarget): string {
  switch (target.kind) {
    case 'host':
      return 'host';
    case 'pod':
      return `pod/${target.namespace}/${target.name}`;
    case 'netns':
      return `netns/${target.inode}`;
  }
}

function nodeOfPodCidr(objects: ClusterObjects, address: string): string | null {
  const parsed = parseIp(address);
  if (!parsed.ok) return null;
  for (const node of networksOf(objects).nodes)
    for (const cidr of node.podCidrs) {
      const range = parsePrefix(cidr);
      if (range.ok && prefixContains(range.value, parsed.value)) return node.name;
    }
  return null;
}

class TargetSet {
  readonly #nodes = new Map<string, Map<string, CollectTarget>>();

  add(node: string, target: CollectTarget): void {
    let targets = this.#nodes.get(node);
    if (!targets) {
      targets = new Map();
      this.#nodes.set(node, targets);
    }
    targets.set(targetKey(target), target);
  }

  host(node: string): void {
    this.add(node, { kind: 'host' });
  }

  /** A pod is read with its node: the packet passes both. */
  pod(pod: PlacedPod): void {
    this.host(pod.nodeName);
    if (!pod.hostNetwork) this.add(pod.nodeName, { kind: 'pod', namespace: pod.meta.namespace, name: pod.meta.name });
  }

  endpoint(objects: ClusterObjects, endpoint: ServiceEndpoint): void {
    const pod = endpoint.pod ? objects.pod(endpoint.pod.namespace, endpoint.pod.name) : null;
    if (pod?.nodeName) this.pod({ ...pod, nodeName: pod.nodeName });
    else if (endpoint.node !== null && objects.nodes.has(endpoint.node)) this.host(endpoint.node);
  }

  byNode(): TargetsByNode {
    return new Map([...this.#nodes].map(([node, targets]) => [node, [...targets.values()]]));
  }
}
