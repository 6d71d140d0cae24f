/** The cluster's networks and its CNI, told by the objects. */
import { type CniNode, podNetworks, type RecognisedCni, recogniseCni } from '@netverdict/cni';
import type { ClusterObjects } from '@netverdict/kube';
import { type AddressFacts, addressFacts } from './resolve/addresses.ts';
import { nodeIps } from './resolve/nodes.ts';

export interface Networks {
  readonly cni: RecognisedCni;
  readonly nodes: readonly CniNode[];
  readonly facts: AddressFacts;
}

/** One per view of the objects: a diagnosis asks several times, and ten at a time ask the same view. */
const cache = new WeakMap<ClusterObjects, Networks>();

export function networksOf(objects: ClusterObjects): Networks {
  const cached = cache.get(objects);
  if (cached) return cached;
  const networks = readNetworks(objects);
  cache.set(objects, networks);
  return networks;
}

function readNetworks(objects: ClusterObjects): Networks {
  const nodes: CniNode[] = [...objects.nodes.values()].map((node) => ({
    name: node.meta.name,
    addresses: nodeIps(node),
    podCidrs: node.podCidrs,
    annotations: Object.fromEntries(node.meta.annotations),
  }));
  const configMaps = [...objects.configMaps.values()].map((map) => ({
    namespace: map.meta.namespace,
    name: map.meta.name,
    data: Object.fromEntries(map.data),
  }));
  const cni = recogniseCni({ configMaps, nodes });
  const proxy = objects.configMaps.get('kube-system/kube-proxy')?.data;
  const fromCni = podNetworks(cni);
  const podCidrs = fromCni.length > 0 ? fromCni : (clusterCidr(proxy) ?? nodes.flatMap((node) => node.podCidrs));
  return { cni, nodes, facts: addressFacts(podCidrs, []) };
}

/** `clusterCIDR` of kube-proxy's configuration (YAML or JSON text): pod networks, comma-separated. */
function clusterCidr(data: ReadonlyMap<string, string> | undefined): string[] | null {
  for (const text of data?.values() ?? []) {
    const match = /^\s*"?clusterCIDR"?:\s*"?([0-9a-fA-F.:/,]+)"?/m.exec(text);
    if (match?.[1]) return match[1].split(',');
  }
  return null;
}
