/** Packet captures as REST takes and shows them. */
import Type, { type Static } from 'typebox';
import { CAPTURE_LIMITS, CaptureOrder, LeftOutInterface } from '../messages/capture.ts';
import { nullable, oneOf, ref } from './verdict-schemas.ts';

const { properties: order } = CaptureOrder;

export const CaptureRequested = Type.Object(
  {
    cluster: Type.Optional(Type.String({ minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' })),
    pod: Type.Optional(
      Type.String({ pattern: '^[^/\\u0000]+/[^/\\u0000]+$', maxLength: 317, description: 'namespace/name' }),
    ),
    node: Type.Optional(Type.String({ minLength: 1, maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$' })),
    interface: Type.Optional(Type.String({ ...order.interface.anyOf[0], description: 'all that are up when absent' })),
    filter: Type.Optional(
      Type.String({
        ...order.filter,
        description:
          "in libpcap's language (pcap-filter(7)); all packets when absent. Names of hosts are not looked up",
        examples: ['tcp port 80 and host 10.0.0.7'],
      }),
    ),
    durationMs: Type.Optional(Type.Integer({ ...order.durationMs, description: '30000 when absent' })),
    snapLength: Type.Optional(
      Type.Integer({ ...order.snapLength, description: 'bytes kept of each packet; all when absent' }),
    ),
    maxBytes: Type.Optional(Type.Integer({ ...order.mostBytes, description: 'of one file; 64 MiB when absent' })),
    files: Type.Optional(
      Type.Integer({
        ...order.files,
        description: 'a ring of so many files, the oldest written over; 1 when absent: ends when it is full',
      }),
    ),
  },
  { additionalProperties: false, description: 'exactly one of pod and node' },
);
export type CaptureRequested = Static<typeof CaptureRequested>;

/** All files of a ring together. */
export const MOST_CAPTURE_BYTES = CAPTURE_LIMITS.bytes;

export const CaptureDocument = Type.Object(
  {
    id: Type.String({ description: '`cap_…`' }),
    cluster: Type.String(),
    node: Type.String(),
    target: Type.String({ examples: ['pod shop/web-1'] }),
    interface: nullable(Type.String()),
    filter: Type.String(),
    snapLength: Type.Integer(),
    durationMs: Type.Integer(),
    maxBytes: Type.Integer(),
    files: Type.Integer(),
    state: oneOf('starting', 'running', 'completed', 'failed'),
    reason: nullable(
      Type.String({ description: 'why it ended: duration, size, stopped, interfaces-gone; of a failure, in words' }),
    ),
    interfaces: Type.Array(Type.String()),
    leftOut: Type.Array(LeftOutInterface, { description: 'interfaces that could not be captured, and why' }),
    packets: Type.Integer(),
    dropped: Type.Integer({ description: 'packets that the filter took and there was no room for' }),
    bytes: Type.Integer({ description: 'that can be downloaded now' }),
    createdAt: Type.String({ format: 'date-time' }),
    endedAt: nullable(Type.String({ format: 'date-time' })),
    removedAt: nullable(Type.String({ format: 'date-time', description: 'when it will be removed' })),
  },
  { $id: 'Capture' },
);
export type CaptureDocument = Static<typeof CaptureDocument>;

export const CaptureList = Type.Object(
  { items: Type.Array(ref<CaptureDocument>('Capture')), nextCursor: nullable(Type.String()) },
  { $id: 'CaptureList' },
);
