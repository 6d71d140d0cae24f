/** From the resolved ends to the flow that is simulated. */
import type { DiagnosisRequest } from '@netverdict/contracts';
import { type Flow, hostKey, type NamespaceKey, newConnection, podKey } from '@netverdict/linux-net';
import type { PlacedPod, Resolution, ResolvedSource } from '../resolve/resolution.ts';
import { protocolOf } from '../resolve/resolve.ts';

export const namespaceOf = (pod: PlacedPod): NamespaceKey =>
  pod.hostNetwork ? hostKey(pod.nodeName) : podKey(pod.nodeName, pod.meta.namespace, pod.meta.name);

export function buildFlow(request: DiagnosisRequest, resolution: Resolution): Flow {
  const protocol = protocolOf(request);
  return {
    ...newConnection(request.sourcePort),
    family: resolution.family,
    protocol,
    source: flowSource(resolution.source),
    destination: { address: resolution.destination.address, port: resolution.destination.port },
    ...(request.sizeBytes === undefined ? {} : { sizeBytes: request.sizeBytes }),
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
