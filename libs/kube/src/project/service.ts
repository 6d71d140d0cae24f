import type { V1Service } from '@kubernetes/client-node';
import type { Service, ServiceType } from '../objects/service.ts';
import { mapOf, projectMeta, protocolOf } from './meta.ts';

/** The API server's default for ClientIP affinity: three hours. */
const DEFAULT_AFFINITY_SECONDS = 10800;

export function projectService(raw: V1Service): Service {
  const { spec, status } = raw;
  const clusterIps = spec?.clusterIPs ?? [spec?.clusterIP];
  const selector = mapOf(spec?.selector);
  return {
    kind: 'Service',
    meta: projectMeta(raw.metadata),
    type: typeOf(spec?.type),
    clusterIps: clusterIps.flatMap((ip) => (ip === undefined || ip === '' || ip === 'None' ? [] : [ip])),
    headless: clusterIps.includes('None'),
    externalName: spec?.externalName ?? null,
    externalIps: spec?.externalIPs ?? [],
    loadBalancerIps: (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode }) =>
      ip === undefined ? [] : [{ ip, mode: ipMode === 'Proxy' ? ('Proxy' as const) : ('VIP' as const) }],
    ),
    loadBalancerSourceRanges: spec?.loadBalancerSourceRanges ?? [],
    ports: (spec?.ports ?? []).map((port) => ({
      name: port.name ?? null,
      protocol: protocolOf(port.protocol),
      port: port.port,
      targetPort: port.targetPort ?? port.port,
      nodePort: port.nodePort || null,
    })),
    selector: selector.size === 0 ? null : selector,
    sessionAffinity:
      spec?.sessionAffinity === 'ClientIP'
        ? {
            kind: 'ClientIP',
            timeoutSeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS,
          }
        : { kind: 'None' },
    internalTrafficPolicy: spec?.internalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
    externalTrafficPolicy: spec?.externalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
    healthCheckNodePort: spec?.healthCheckNodePort || null,
    publishNotReadyAddresses: spec?.publishNotReadyAddresses ?? false,
  };
}

const typeOf = (text: string | undefined): ServiceType =>
  text === 'NodePort' || text === 'LoadBalancer' || text === 'ExternalName' ? text : 'ClusterIP';
