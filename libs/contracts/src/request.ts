/** What a user asks: from what, to what, over which protocol. */
import Type, { type Static } from 'typebox';

/** `namespace/name`, both DNS labels or subdomains as Kubernetes has them. */
const NamespacedName = Type.String({
  pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
  maxLength: 317,
  description: 'namespace/name',
  examples: ['shop/cart-6f9'],
});
const NodeName = Type.String({ pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$', maxLength: 253, examples: ['node-1'] });
const Ip = Type.String({ minLength: 2, maxLength: 45, description: 'IPv4 or IPv6 address', examples: ['10.244.1.7'] });
/** Number, or the name of a Service's or a container's port. Port 0 does not exist. */
const Port = Type.Union([
  Type.Integer({ minimum: 1, maximum: 65535 }),
  // A port's name has a letter (Kubernetes' IsValidPortName), so that "80" is no name.
  Type.String({ pattern: '^(?=.*[a-z])[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 63 }),
]);

export const Source = Type.Object(
  {
    pod: Type.Optional(NamespacedName),
    workload: Type.Optional(
      Type.String({
        pattern: '^[a-z]+/[^/]+/[^/]+$',
        description: 'kind/namespace/name',
        examples: ['deployment/shop/cart'],
      }),
    ),
    node: Type.Optional(NodeName),
    ip: Type.Optional(Ip),
  },
  {
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
    description: 'exactly one of pod, workload, node, ip',
  },
);
export type Source = Static<typeof Source>;

export const Destination = Type.Object(
  {
    pod: Type.Optional(NamespacedName),
    workload: Type.Optional(Type.String({ pattern: '^[a-z]+/[^/]+/[^/]+$' })),
    service: Type.Optional(NamespacedName),
    node: Type.Optional(NodeName),
    ip: Type.Optional(Ip),
    /** A name as a pod would look it up: `payments.shop.svc.cluster.local`, `payments.shop`. */
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
    port: Type.Optional(Port),
  },
  {
    additionalProperties: false,
    description: 'exactly one of pod, workload, service, node, ip, name; port unless the protocol is icmp',
  },
);
export type Destination = Static<typeof Destination>;

/** How much a live probe may do. */
export const ProbeOptions = Type.Object(
  {
    /** Per target: what was asked for, and each backend of a Service. */
    attempts: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 50, description: 'packets to each target; 4 when absent' }),
    ),
    perSecond: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100, description: 'attempts begun in a second; 20 when absent' }),
    ),
    slow: Type.Optional(
      Type.Boolean({
        description:
          'also where the time goes: probes are switched on on the nodes of the path meanwhile, stages ranked',
      }),
    ),
    totalMs: Type.Optional(
      Type.Integer({ minimum: 500, maximum: 20000, description: 'when all ends at the latest; 6000 when absent' }),
    ),
  },
  { additionalProperties: false },
);
export type ProbeOptions = Static<typeof ProbeOptions>;

export const DiagnosisRequest = Type.Object(
  {
    cluster: Type.Optional(Type.String({ minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' })),
    source: Source,
    destination: Destination,
    protocol: Type.Optional(Type.Union([Type.Literal('tcp'), Type.Literal('udp'), Type.Literal('icmp')])),
    /** Size of the biggest IP packet asked about; 1 MTU of the source's link when absent is not assumed: 60 bytes. */
    sizeBytes: Type.Optional(Type.Integer({ minimum: 28, maximum: 65535 })),
    /**
     * The port (an echo's id) that the source sends from. A connection that the nodes know already is told by it, and then that
     * one is judged; without it a new one.
     */
    sourcePort: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
    /** Oldest node state that may be used, in milliseconds. 0 collects afresh. */
    maxAgeMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 60000 })),
    callbackUrl: Type.Optional(Type.String({ format: 'uri', maxLength: 2048 })),
    /**
     * Real packets beside the simulation: sent from the source, followed on the nodes, compared. Needs a pod or a node as the source.
     * With `sizeBytes` data goes over each connection, up to 3,000 bytes that mean nothing.
     */
    probe: Type.Optional(Type.Union([Type.Boolean(), ProbeOptions])),
  },
  { additionalProperties: false },
);
export type DiagnosisRequest = Static<typeof DiagnosisRequest>;
export type NamedPort = Static<typeof Port>;
