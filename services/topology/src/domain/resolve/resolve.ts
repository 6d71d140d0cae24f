/** From what the user named to two ends of a flow. Pure: a function of the objects as last seen. */

import type { DiagnosisRequest } from '@netverdict/contracts';
import type { ClusterObjects } from '@netverdict/kube';
import { ok, type Protocol } from '@netverdict/linux-net';
import { type AddressFacts, familyOfText } from './addresses.ts';
import { resolveDestination } from './destination.ts';
import { nodeIps } from './nodes.ts';
import { fail, type Outcome } from './outcome.ts';
import type { Resolution, ResolvedSource } from './resolution.ts';
import { resolveSource } from './source.ts';

export const protocolOf = (request: DiagnosisRequest): Protocol => request.protocol ?? 'tcp';

export function resolve(objects: ClusterObjects, facts: AddressFacts, request: DiagnosisRequest): Outcome<Resolution> {
  const from = resolveSource(objects, facts, request.source);
  if (!from.ok) return from;
  const { source } = from.value;
  const families = familiesOf(source);
  if (families.length === 0)
    return fail('invalid-request', 'The source has no address', `${from.value.name} has no IP address.`);
  const to = resolveDestination(objects, facts, request.destination, {
    protocol: protocolOf(request),
    port: request.destination.port,
    families,
    sourceNamespace: source.kind === 'pod' ? source.pod.meta.namespace : null,
  });
  if (!to.ok) return to;
  return ok({
    source,
    destination: to.value.destination,
    family: familyOfText(to.value.destination.address),
    names: { source: from.value.name, destination: to.value.name },
    notes: [...from.value.notes, ...to.value.notes],
  });
}

/** IPv4 first where a source has both: what most resolvers' callers end up using inside a cluster. */
function familiesOf(source: ResolvedSource): ('ipv4' | 'ipv6')[] {
  const families = new Set(addressesOf(source).map(familyOfText));
  return (['ipv4', 'ipv6'] as const).filter((family) => families.has(family));
}

export function addressesOf(source: ResolvedSource): readonly string[] {
  switch (source.kind) {
    case 'pod':
      return source.pod.ips.length > 0 ? source.pod.ips : source.pod.hostIps;
    case 'node':
      return source.address === null ? nodeIps(source.node) : [source.address];
    case 'outside':
      return [source.address];
  }
}
