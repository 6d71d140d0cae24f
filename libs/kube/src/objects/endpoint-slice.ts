/** EndpointSlice: the backends of a Service, as the API has them. */
import type { Meta, Protocol } from './meta.ts';

export interface Endpoint {
  readonly addresses: readonly string[];
  /** conditions.ready; absent means true. */
  readonly ready: boolean;
  /** conditions.serving; absent means as ready. */
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly nodeName: string | null;
  readonly zone: string | null;
  /** The pod behind it, where targetRef names one. */
  readonly pod: { readonly namespace: string; readonly name: string } | null;
}

export interface EndpointSlice {
  readonly kind: 'EndpointSlice';
  readonly meta: Meta;
  /** Label kubernetes.io/service-name; null: belongs to no Service. */
  readonly serviceName: string | null;
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN';
  readonly endpoints: readonly Endpoint[];
  /** `port` null: all ports. */
  readonly ports: readonly { readonly name: string; readonly protocol: Protocol; readonly port: number | null }[];
}
