/** Where the packet is made. */

import type { Source } from '@netverdict/contracts';
import type { ClusterObjects } from '@netverdict/kube';
import { ok } from '@netverdict/linux-net';
import { type AddressFacts, unicast } from './addresses.ts';
import { resolveNode } from './nodes.ts';
import { fail, type Outcome } from './outcome.ts';
import { nameOf, placed, resolvePod, resolveWorkload } from './pods.ts';
import type { PlacedPod, ResolvedSource } from './resolution.ts';

export interface NamedSource {
  readonly source: ResolvedSource;
  readonly name: string;
  readonly notes: readonly string[];
}

export function resolveSource(objects: ClusterObjects, facts: AddressFacts, asked: Source): Outcome<NamedSource> {
  const given = Object.values(asked).filter((value) => value !== undefined);
  if (given.length !== 1)
    return fail(
      'invalid-request',
      'The source is not clear',
      'Name exactly one of pod, workload, node or ip as the source.',
    );
  if (asked.pod !== undefined) {
    const pod = resolvePod(objects, asked.pod);
    return pod.ok ? ok(fromPod(pod.value, [])) : pod;
  }
  if (asked.workload !== undefined) {
    const found = resolveWorkload(objects, asked.workload);
    if (!found.ok) return found;
    const one = fromPod(found.value.pod, [found.value.note]);
    return ok({ ...one, name: `${one.name}${found.value.oneOf}` });
  }
  if (asked.node !== undefined) {
    const node = resolveNode(objects, asked.node);
    return node.ok
      ? ok({
          source: { kind: 'node', node: node.value, address: null },
          name: `node ${node.value.meta.name}`,
          notes: [],
        })
      : node;
  }
  return fromAddress(objects, facts, asked.ip ?? '');
}

function fromPod(pod: PlacedPod, notes: readonly string[]): NamedSource {
  const name = nameOf(pod);
  const host = pod.hostNetwork ? [`pod ${name} uses the network of ${pod.nodeName}: asked from the node`] : [];
  const unready = pod.ready ? [] : [`pod ${name} is not ready${pod.reason === null ? '' : ` (${pod.reason})`}`];
  return { source: { kind: 'pod', pod }, name, notes: [...notes, ...host, ...unready] };
}

function fromAddress(objects: ClusterObjects, facts: AddressFacts, text: string): Outcome<NamedSource> {
  const address = unicast(text, 'source');
  if (!address.ok) return address;
  const canonical = address.value;
  const pod = objects.podsByIp(canonical)[0];
  if (pod) {
    const usable = placed(pod);
    return usable.ok ? ok(fromPod(usable.value, [`${canonical} is pod ${nameOf(pod)}`])) : usable;
  }
  const node = objects.nodeByAddress(canonical);
  if (node)
    return ok({
      source: { kind: 'node', node, address: canonical },
      name: `node ${node.meta.name} (${canonical})`,
      notes: [],
    });
  const service = objects.serviceByClusterIp(canonical) ?? objects.servicesByExternalIp(canonical)[0];
  if (service)
    return fail(
      'source-not-allowed',
      `${canonical} is a Service's address`,
      `${canonical} belongs to service ${nameOf(service)}. No packet starts at a Service; name one of its pods.`,
      objects
        .slicesOfService(service.meta.namespace, service.meta.name)
        .flatMap((slice) => slice.endpoints)
        .flatMap((endpoint) => (endpoint.pod ? [`pod ${endpoint.pod.namespace}/${endpoint.pod.name}`] : []))
        .slice(0, 5),
    );
  const ended = objects.terminatedPodsByIp(canonical)[0];
  if (ended)
    return fail(
      'pod-terminated',
      `Nothing has ${canonical} any more`,
      `${canonical} was the address of pod ${nameOf(ended.pod)}, which is gone.`,
    );
  if (facts.inPodNetwork(canonical) || facts.inServiceNetwork(canonical))
    return fail(
      'unknown-source-address',
      `Nothing in the cluster has ${canonical}`,
      `${canonical} lies in the cluster's own networks, but no pod, node or Service has it.`,
    );
  return ok({ source: { kind: 'outside', address: canonical }, name: canonical, notes: [] });
}
