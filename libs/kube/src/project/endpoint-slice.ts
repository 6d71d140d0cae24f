import type { V1EndpointSlice } from '@kubernetes/client-node';
import type { EndpointSlice } from '../objects/endpoint-slice.ts';
import { projectMeta, protocolOf } from './meta.ts';

export function projectEndpointSlice(raw: V1EndpointSlice): EndpointSlice {
  const meta = projectMeta(raw.metadata);
  return {
    kind: 'EndpointSlice',
    meta,
    serviceName: meta.labels.get('kubernetes.io/service-name') ?? null,
    addressType: raw.addressType === 'IPv6' || raw.addressType === 'FQDN' ? raw.addressType : 'IPv4',
    endpoints: (raw.endpoints ?? []).map(({ addresses, conditions, nodeName, zone, targetRef }) => {
      // An absent condition is the usual one: ready, serving as it is ready, not terminating.
      const ready = conditions?.ready ?? true;
      return {
        addresses,
        ready,
        serving: conditions?.serving ?? ready,
        terminating: conditions?.terminating ?? false,
        nodeName: nodeName ?? null,
        zone: zone ?? null,
        pod:
          targetRef?.kind === 'Pod' && targetRef.name !== undefined
            ? { namespace: targetRef.namespace ?? meta.namespace, name: targetRef.name }
            : null,
      };
    }),
    ports: (raw.ports ?? []).map((port) => ({
      name: port.name ?? '',
      protocol: protocolOf(port.protocol),
      port: port.port ?? null,
    })),
  };
}
