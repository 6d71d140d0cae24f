/** Who has which address, read off the cluster's objects. Pure. */
import type { AddressEntry } from '@netverdict/contracts';
import type { ClusterObjects, Pod } from '@netverdict/kube';

const NODE_ADDRESSES: ReadonlySet<string> = new Set(['InternalIP', 'ExternalIP']);

function ofPod(pod: Pod, until: string | null): AddressEntry[] {
  // A host-network pod has its node's address, which is the node's for everybody else.
  if (pod.hostNetwork) return [];
  const { namespace, name, createdAt } = pod.meta;
  const workload = pod.owner === null ? null : `${pod.owner.kind.toLowerCase()}/${namespace}/${pod.owner.name}`;
  return pod.ips.map((address) => ({
    ...{ address, kind: 'pod', namespace, name, workload, node: pod.nodeName, since: createdAt, until },
  }));
}

/** Of now. A pod's `since` is when it was made: it got its address later, which whoever watches knows better. */
export function addressEntries(objects: ClusterObjects): AddressEntry[] {
  const ended = objects.terminatedPods.flatMap(({ pod, seenAtMs }) => ofPod(pod, new Date(seenAtMs).toISOString()));
  const running = [...objects.pods.values()].flatMap((pod) =>
    pod.phase === 'Succeeded' || pod.phase === 'Failed' ? [] : ofPod(pod, null),
  );
  const services = [...objects.services.values()].flatMap(({ meta, clusterIps, externalIps, loadBalancerIps }) =>
    [...new Set([...clusterIps, ...externalIps, ...loadBalancerIps.map(({ ip }) => ip)])].map(
      (address): AddressEntry => ({
        ...{ address, kind: 'service', namespace: meta.namespace, name: meta.name, workload: null, node: null },
        ...{ since: meta.createdAt, until: null },
      }),
    ),
  );
  const nodes = [...objects.nodes.values()].flatMap(({ meta, addresses }) =>
    addresses
      .filter(({ type }) => NODE_ADDRESSES.has(type))
      .map(
        ({ address }): AddressEntry => ({
          ...{ address, kind: 'node', namespace: '', name: meta.name, workload: null, node: meta.name },
          ...{ since: meta.createdAt, until: null },
        }),
      ),
  );
  return [...ended, ...running, ...services, ...nodes];
}
