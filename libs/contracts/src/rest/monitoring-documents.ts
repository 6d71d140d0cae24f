/** Stored events and known agents as REST shows them. */
import Type, { type Static } from 'typebox';
import { AnomalyKind } from '../messages/events.ts';
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
    windowStart: Type.String({ format: 'date-time' }),
    windowEnd: Type.String({ format: 'date-time' }),
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
  },
  { $id: 'Agent' },
);
export type AgentDocument = Static<typeof AgentDocument>;

export const AgentList = Type.Object({ items: Type.Array(ref<AgentDocument>('Agent')) }, { $id: 'AgentList' });
export type AgentList = Static<typeof AgentList>;
