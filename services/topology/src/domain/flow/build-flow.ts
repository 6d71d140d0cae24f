/** From the resolved ends to the flow that is simulated. */
import type { DiagnosisRequest } from '@netverdict/contracts';
import { type Flow, hostKey, type NamespaceKey, podKey } from '@netverdict/linux-net';
import type { PlacedPod, Resolution, ResolvedSource } from '../resolve/resolution.ts';
import { protocolOf } from '../resolve/resolve.ts';

/**
 * Stands for the ephemeral port that the kernel would choose: inside net.ipv4.ip_local_port_range's default
 * (32768–60999), outside the NodePort range. One fixed value keeps equal questions equal.
 */
const EPHEMERAL_PORT = 50000;
/** IPv4 and TCP headers with options of a SYN: what is asked about when no size is. */
const DEFAULT_SIZE_BYTES = 60;

export const namespaceOf = (pod: PlacedPod): NamespaceKey =>
  pod.hostNetwork ? hostKey(pod.nodeName) : podKey(pod.nodeName, pod.meta.namespace, pod.meta.name);

export function buildFlow(request: DiagnosisRequest, resolution: Resolution): Flow {
  const protocol = protocolOf(request);
  return {
    family: resolution.family,
    protocol,
    source: flowSource(resolution.source),
    destination: { address: resolution.destination.address, port: resolution.destination.port },
    sourcePort: request.sourcePort ?? EPHEMERAL_PORT,
    sizeBytes: request.sizeBytes ?? DEFAULT_SIZE_BYTES,
    // Path MTU discovery is Linux's default for TCP and UDP, and ping's (ip(7), IP_PMTUDISC_WANT).
    dontFragment: true,
  };
}

function flowSource(source: ResolvedSource): Flow['source'] {
  switch (source.kind) {
    case 'pod':
      return { kind: 'namespace', namespace: namespaceOf(source.pod), address: null };
    case 'node':
      return { kind: 'namespace', namespace: hostKey(source.node.meta.name), address: source.address };
    case 'outside':
      return { kind: 'external', address: source.address };
  }
}

/** IANA numbers, as the agent filters connection tracking entries by. */
export const PROTOCOL_NUMBER = { tcp: 6, udp: 17, icmp: 1 } as const;
