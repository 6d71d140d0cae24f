/** Who talks to whom: edges of the network graph. */
import Type, { type Static } from 'typebox';
import { nullable, ref } from './verdict-schemas.ts';

const Instant = Type.String({ format: 'date-time' });

export const FlowDocument = Type.Object(
  {
    cluster: Type.String(),
    source: Type.String({ description: 'who connects', examples: ['pod/shop/cart-1', 'deployment/shop/cart'] }),
    destination: Type.String({ description: 'to whom; `many`: those that were too many to be told one by one' }),
    protocol: Type.Integer({ description: 'its number: 6 is TCP' }),
    port: Type.Integer({ description: "the destination's; 0: unknown, or several" }),
    bytes: Type.Integer({ description: 'from source to destination' }),
    packets: Type.Integer(),
    bytesBack: Type.Integer(),
    packetsBack: Type.Integer(),
    retransmitted: Type.Integer({ description: 'packets sent again' }),
    connections: Type.Integer({ description: 'that began in that time' }),
    firstSeen: Instant,
    lastSeen: Type.String({ format: 'date-time', description: 'start of the last five minutes with traffic' }),
  },
  { $id: 'Flow' },
);
export type FlowDocument = Static<typeof FlowDocument>;

export const FlowGraph = Type.Object(
  {
    since: Instant,
    until: Instant,
    items: Type.Array(ref<FlowDocument>('Flow')),
    nextCursor: nullable(Type.String()),
  },
  { $id: 'FlowGraph' },
);
export type FlowGraph = Static<typeof FlowGraph>;
