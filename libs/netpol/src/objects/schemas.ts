/** The shapes of policy objects, as their API groups' types.go have them. Fields that they do not have are mistakes: the API server drops them. */
import Type from 'typebox';

const closed = { additionalProperties: false } as const;
const LabelSelector = Type.Object(
  {
    matchLabels: Type.Optional(Type.Record(Type.String(), Type.String())),
    matchExpressions: Type.Optional(
      Type.Array(
        Type.Object(
          {
            key: Type.String({ minLength: 1 }),
            operator: Type.Enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
            values: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
          },
          closed,
        ),
      ),
    ),
  },
  closed,
);
export type LabelSelector = Type.Static<typeof LabelSelector>;

const ProtocolName = Type.Enum(['TCP', 'UDP', 'SCTP']);
const Metadata = Type.Object({ name: Type.String({ minLength: 1 }), namespace: Type.Optional(Type.String()) });
const listed = <T extends Type.TSchema>(item: T) => Type.Optional(Type.Union([Type.Array(item), Type.Null()]));

const IpBlock = Type.Object({ cidr: Type.String(), except: listed(Type.String()) }, closed);
const NetworkPolicyPeer = Type.Object(
  {
    podSelector: Type.Optional(LabelSelector),
    namespaceSelector: Type.Optional(LabelSelector),
    ipBlock: Type.Optional(IpBlock),
  },
  closed,
);
export type NetworkPolicyPeer = Type.Static<typeof NetworkPolicyPeer>;
const NetworkPolicyPort = Type.Object(
  {
    protocol: Type.Optional(ProtocolName),
    port: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 65535 }), Type.String({ minLength: 1 })])),
    endPort: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
  },
  closed,
);
export type NetworkPolicyPort = Type.Static<typeof NetworkPolicyPort>;

export const NetworkPolicyObject = Type.Object({
  metadata: Metadata,
  spec: Type.Optional(
    Type.Object(
      {
        podSelector: Type.Optional(LabelSelector),
        ingress: listed(Type.Object({ from: listed(NetworkPolicyPeer), ports: listed(NetworkPolicyPort) }, closed)),
        egress: listed(Type.Object({ to: listed(NetworkPolicyPeer), ports: listed(NetworkPolicyPort) }, closed)),
        policyTypes: listed(Type.Enum(['Ingress', 'Egress'])),
      },
      closed,
    ),
  ),
});

const Pods = Type.Object(
  { namespaceSelector: Type.Optional(LabelSelector), podSelector: Type.Optional(LabelSelector) },
  closed,
);
const Subject = Type.Object({ namespaces: Type.Optional(LabelSelector), pods: Type.Optional(Pods) }, closed);
export type Subject = Type.Static<typeof Subject>;
const AdminPeer = Type.Object(
  {
    namespaces: Type.Optional(LabelSelector),
    pods: Type.Optional(Pods),
    nodes: Type.Optional(LabelSelector),
    networks: listed(Type.String()),
    domainNames: listed(Type.String()),
  },
  closed,
);
export type AdminPeer = Type.Static<typeof AdminPeer>;
const PortNumber = Type.Integer({ minimum: 1, maximum: 65535 });
const AdminPort = Type.Object(
  {
    portNumber: Type.Optional(Type.Object({ protocol: Type.Optional(ProtocolName), port: PortNumber }, closed)),
    portRange: Type.Optional(
      Type.Object({ protocol: Type.Optional(ProtocolName), start: PortNumber, end: PortNumber }, closed),
    ),
    namedPort: Type.Optional(Type.String({ minLength: 1 })),
  },
  closed,
);
export type AdminPort = Type.Static<typeof AdminPort>;
/** v1alpha2: one field for each protocol. */
const DestinationPort = Type.Object(
  {
    number: Type.Optional(PortNumber),
    range: Type.Optional(Type.Object({ start: PortNumber, end: PortNumber }, closed)),
  },
  closed,
);
const ProtocolMatch = Type.Object(
  {
    tcp: Type.Optional(Type.Object({ destinationPort: Type.Optional(DestinationPort) }, closed)),
    udp: Type.Optional(Type.Object({ destinationPort: Type.Optional(DestinationPort) }, closed)),
    sctp: Type.Optional(Type.Object({ destinationPort: Type.Optional(DestinationPort) }, closed)),
    destinationNamedPort: Type.Optional(Type.String({ minLength: 1 })),
  },
  closed,
);
export type ProtocolMatch = Type.Static<typeof ProtocolMatch>;

const rules = (actions: string[], peers: 'from' | 'to') =>
  listed(
    Type.Object(
      {
        name: Type.Optional(Type.String()),
        action: Type.Enum(actions),
        [peers]: Type.Array(AdminPeer, { minItems: 1 }),
        ports: listed(AdminPort),
        protocols: listed(ProtocolMatch),
      },
      closed,
    ),
  );
export interface AdminRule {
  readonly name?: string;
  readonly action: string;
  readonly from?: readonly AdminPeer[];
  readonly to?: readonly AdminPeer[];
  readonly ports?: readonly AdminPort[] | null;
  readonly protocols?: readonly ProtocolMatch[] | null;
}

const spec = (actions: string[], more: Record<string, Type.TSchema>) =>
  Type.Object({
    metadata: Metadata,
    spec: Type.Object(
      { ...more, subject: Subject, ingress: rules(actions, 'from'), egress: rules(actions, 'to') },
      closed,
    ),
  });
const Priority = Type.Integer({ minimum: 0, maximum: 1000 });

export const AdminNetworkPolicyObject = spec(['Allow', 'Deny', 'Pass'], { priority: Priority });
export const BaselineAdminNetworkPolicyObject = spec(['Allow', 'Deny'], {});
export const ClusterNetworkPolicyObject = spec(['Accept', 'Deny', 'Pass'], {
  tier: Type.Enum(['Admin', 'Baseline']),
  priority: Priority,
});
