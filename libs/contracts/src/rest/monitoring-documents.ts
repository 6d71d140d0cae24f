/** Stored events and known agents as REST shows them. */
import Type, { type Static } from 'typebox';
import { AnomalyKind, AnomalySample } from '../messages/events.ts';
import { visibleNamespaces } from './diagnosis-document.ts';
import { NodeState } from './node-document.ts';
import { nullable, ref } from './verdict-schemas.ts';

export const EventDocument = Type.Object(
  {
    id: Type.String(),
    cluster: Type.String(),
    node: Type.String(),
    netns: Type.Integer({ description: 'inode of the network namespace' }),
    pod: nullable(Type.Object({ namespace: Type.String(), name: Type.String() })),
    kind: AnomalyKind,
    count: Type.Integer(),
    windowStart: Type.String({ format: 'date-time', description: "by the node's clock" }),
    windowEnd: Type.String({ format: 'date-time' }),
    oneIn: Type.Optional(Type.Integer({ description: 'of so many events one was counted' })),
    workload: Type.Optional(
      Type.String({ description: 'who it happened to', examples: ['deployment/shop/cart', 'node/node-1'] }),
    ),
    peer: Type.Optional(
      Type.String({ description: 'who is at the far end', examples: ['service/shop/db', '203.0.113.9'] }),
    ),
    peerAddress: Type.Optional(Type.String()),
    probe: Type.Optional(Type.String({ description: 'the eBPF probe that saw it; absent: a counter grew' })),
    reason: Type.Optional(Type.String({ description: "the kernel's word for why" })),
    function: Type.Optional(Type.String({ description: "the kernel's function in which it happened" })),
    hook: Type.Optional(Type.String({ description: 'the netfilter hook' })),
    direction: Type.Optional(Type.Union([Type.Literal('in'), Type.Literal('out')])),
    protocol: Type.Optional(Type.Integer()),
    source: Type.Optional(Type.String()),
    sourcePort: Type.Optional(Type.Integer()),
    destination: Type.Optional(Type.String()),
    destinationPort: Type.Optional(Type.Integer()),
    bytes: Type.Optional(Type.Integer()),
    details: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]))),
    samples: Type.Optional(Type.Array(AnomalySample)),
    incidentId: Type.Optional(Type.String()),
    visibleNamespaces,
  },
  { $id: 'Event' },
);
export type EventDocument = Static<typeof EventDocument>;

export const EventList = Type.Object(
  { items: Type.Array(ref<EventDocument>('Event')), nextCursor: nullable(Type.String()) },
  { $id: 'EventList' },
);
export type EventList = Static<typeof EventList>;

export const AgentDocument = Type.Object(
  {
    cluster: Type.String(),
    node: Type.String(),
    version: Type.String(),
    kernel: Type.String(),
    epoch: Type.String({ description: "names the agent's start" }),
    capabilities: Type.Array(Type.String()),
    firstSeen: Type.String({ format: 'date-time' }),
    lastSeen: Type.String({ format: 'date-time' }),
    silentMs: Type.Integer({ description: 'time since it was last heard of' }),
    state: NodeState,
    clockOffsetMs: nullable(
      Type.Integer({
        description: "how far its clock is ahead of the server's; null: it was not heard since this is told",
      }),
    ),
    watch: nullable(Type.String({ description: 'why no probe runs, where none does' })),
  },
  { $id: 'Agent' },
);
export type AgentDocument = Static<typeof AgentDocument>;

export const AgentList = Type.Object({ items: Type.Array(ref<AgentDocument>('Agent')) }, { $id: 'AgentList' });
export type AgentList = Static<typeof AgentList>;
