/** A Service's port as kube-proxy sees it: one family, names hashed, policies resolved. */
import { type Family, familyOf, formatIp, formatPrefix, parseIp, parsePrefix } from '@netverdict/linux-net';
import type { KubeObject } from '../api-server/object.ts';
import { serviceChain } from './chain-names.ts';
import type { ServiceJson } from './objects.ts';

export interface ServicePort {
  readonly family: Family;
  /** `namespace/service:port`, without the colon where the port has no name. It stands in comments and is hashed. */
  readonly name: string;
  /** `namespace/service`. */
  readonly service: string;
  /** Empty for an unnamed port. */
  readonly portName: string;
  /** `tcp`, `udp`, `sctp`. */
  readonly protocol: string;
  readonly port: number;
  readonly clusterIp: string;
  readonly nodePort: number | null;
  readonly externalIps: readonly string[];
  readonly loadBalancerVips: readonly string[];
  readonly loadBalancerSourceRanges: readonly string[];
  readonly healthCheckNodePort: number | null;
  /** null: no affinity; else ClientIP's timeout. */
  readonly stickySeconds: number | null;
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  readonly externallyAccessible: boolean;
  readonly usesClusterEndpoints: boolean;
  readonly usesLocalEndpoints: boolean;
  readonly clusterPolicyChain: string;
  readonly localPolicyChain: string;
  readonly externalChain: string;
  readonly firewallChain: string;
}

const ofFamily = (texts: readonly string[], family: Family): string[] =>
  texts.flatMap((text) => {
    const parsed = parseIp(text);
    return parsed.ok && familyOf(parsed.value) === family ? [formatIp(parsed.value)] : [];
  });

/** Headless and ExternalName Services, and those of another proxy, have none. */
export function servicePorts(objects: readonly KubeObject[], family: Family): readonly ServicePort[] {
  return objects.filter((o) => o.kind === 'Service').flatMap((o) => portsOf(o, family));
}

function portsOf(service: ServiceJson, family: Family): ServicePort[] {
  const { metadata, spec = {}, status } = service;
  if (metadata.labels?.['service.kubernetes.io/service-proxy-name'] !== undefined) return [];
  if (spec.type === 'ExternalName') return [];
  const [clusterIp] = ofFamily(spec.clusterIPs ?? [spec.clusterIP ?? ''], family);
  if (clusterIp === undefined) return [];

  const fullName = `${metadata.namespace ?? 'default'}/${metadata.name}`;
  const externalIps = ofFamily(spec.externalIPs ?? [], family);
  const vips = (status?.loadBalancer?.ingress ?? []).filter((i) => i.ip !== undefined && i.ipMode !== 'Proxy');
  const loadBalancerVips = ofFamily(
    vips.map((i) => i.ip ?? ''),
    family,
  );
  const loadBalancerSourceRanges = (spec.loadBalancerSourceRanges ?? []).flatMap((text) => {
    const parsed = parsePrefix(text.trim());
    return parsed.ok && parsed.value.family === family ? [formatPrefix(parsed.value)] : [];
  });
  const internalLocal = spec.internalTrafficPolicy === 'Local';
  const externalLocal = spec.externalTrafficPolicy === 'Local';
  const needsHealthCheck = spec.type === 'LoadBalancer' && externalLocal;

  return (spec.ports ?? []).map((port) => {
    const portName = port.name ?? '';
    const name = portName === '' ? fullName : `${fullName}:${portName}`;
    const protocol = (port.protocol ?? 'TCP').toLowerCase();
    const nodePort = port.nodePort === undefined || port.nodePort === 0 ? null : port.nodePort;
    const externallyAccessible = nodePort !== null || externalIps.length > 0 || loadBalancerVips.length > 0;
    return {
      family,
      name,
      service: fullName,
      portName,
      protocol,
      port: port.port,
      clusterIp,
      nodePort,
      externalIps,
      loadBalancerVips,
      loadBalancerSourceRanges,
      healthCheckNodePort: needsHealthCheck ? spec.healthCheckNodePort || null : null,
      stickySeconds:
        spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800) : null,
      internalLocal,
      externalLocal,
      externallyAccessible,
      // With externalTrafficPolicy Local too: pods and the node itself take the short cut to every endpoint.
      usesClusterEndpoints: !internalLocal || externallyAccessible,
      usesLocalEndpoints: internalLocal || (externalLocal && externallyAccessible),
      clusterPolicyChain: serviceChain('KUBE-SVC-', name, protocol),
      localPolicyChain: serviceChain('KUBE-SVL-', name, protocol),
      externalChain: serviceChain('KUBE-EXT-', name, protocol),
      firewallChain: serviceChain('KUBE-FW-', name, protocol),
    };
  });
}
