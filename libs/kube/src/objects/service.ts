/** Service: its addresses, ports and traffic policies. */
import type { Meta, Protocol } from './meta.ts';

export type ServiceType = 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';

export interface ServicePort {
  readonly name: string | null;
  readonly protocol: Protocol;
  readonly port: number;
  /** Number, or the name of a container's port. */
  readonly targetPort: number | string;
  /** null: none allocated. */
  readonly nodePort: number | null;
}

export interface Service {
  readonly kind: 'Service';
  readonly meta: Meta;
  readonly type: ServiceType;
  /** Without `None`: a headless Service has none. */
  readonly clusterIps: readonly string[];
  readonly headless: boolean;
  /** ExternalName only. */
  readonly externalName: string | null;
  readonly externalIps: readonly string[];
  /** status.loadBalancer.ingress with an ip. `proxy`: the balancer's own, nodes do not take it as theirs (ipMode). */
  readonly loadBalancerIps: readonly { readonly ip: string; readonly mode: 'VIP' | 'Proxy' }[];
  readonly loadBalancerSourceRanges: readonly string[];
  readonly ports: readonly ServicePort[];
  /** null: no selector, endpoints are somebody else's to write. */
  readonly selector: ReadonlyMap<string, string> | null;
  readonly sessionAffinity: { readonly kind: 'None' } | { readonly kind: 'ClientIP'; readonly timeoutSeconds: number };
  readonly internalTrafficPolicy: 'Cluster' | 'Local';
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  readonly healthCheckNodePort: number | null;
  readonly publishNotReadyAddresses: boolean;
}
