/**
 * Packet captures: the api asks the agent of a node to begin or to stop one; the agent puts the packets into the object
 * store (stream CAPTURES, bus-users.ts), and beside them, again and again, how far it is.
 */
import Type, { type Static } from 'typebox';

export const CAPTURE_LIMITS = {
  filterLength: 2000,
  durationMs: 3_600_000,
  bytes: 512 * 1024 * 1024,
  files: 64,
  snapLength: 262_144,
  /** On one node at a time. */
  atOnce: 4,
} as const;

export const captureId = Type.String({ pattern: '^cap_[0-9a-f-]{36}$' });

export const CaptureOrder = Type.Object({
  captureId,
  target: Type.Union([
    Type.Object({ kind: Type.Literal('host') }),
    Type.Object({ kind: Type.Literal('pod'), namespace: Type.String(), name: Type.String() }),
  ]),
  /** null: all that are up. */
  interface: Type.Union([Type.String({ minLength: 1, maxLength: 15, pattern: '^[^/\\s]+$' }), Type.Null()]),
  /** In libpcap's language (pcap-filter(7)); empty: all packets. */
  filter: Type.String({ maxLength: CAPTURE_LIMITS.filterLength, pattern: '^[^\\u0000]*$' }),
  /** Bytes kept of each packet. */
  snapLength: Type.Integer({ minimum: 64, maximum: CAPTURE_LIMITS.snapLength }),
  durationMs: Type.Integer({ minimum: 100, maximum: CAPTURE_LIMITS.durationMs }),
  /** Of one file. */
  mostBytes: Type.Integer({ minimum: 4096, maximum: CAPTURE_LIMITS.bytes }),
  /** So many files are kept, the oldest is written over; 1: the capture ends when its file is full. */
  files: Type.Integer({ minimum: 1, maximum: CAPTURE_LIMITS.files }),
});
export type CaptureOrder = Static<typeof CaptureOrder>;

export const CaptureRequest = Type.Union([
  Type.Object({ operation: Type.Literal('begin'), order: CaptureOrder }),
  Type.Object({ operation: Type.Literal('stop'), captureId }),
]);
export type CaptureRequest = Static<typeof CaptureRequest>;

export const LeftOutInterface = Type.Object({ name: Type.String(), reason: Type.String() });

export const CaptureAnswer = Type.Union([
  Type.Object({
    kind: Type.Literal('began'),
    interfaces: Type.Array(Type.String()),
    leftOut: Type.Array(LeftOutInterface),
  }),
  /** Also where it had ended already. */
  Type.Object({ kind: Type.Literal('stopped') }),
  Type.Object({
    kind: Type.Literal('refused'),
    /** `filter`: it does not compile; the message is libpcap's. */
    why: Type.Union([
      Type.Literal('filter'),
      Type.Literal('interface'),
      Type.Literal('target'),
      Type.Literal('busy'),
      Type.Literal('unavailable'),
      Type.Literal('unknown'),
    ]),
    message: Type.String(),
  }),
  Type.Object({ kind: Type.Literal('error'), message: Type.String() }),
]);
export type CaptureAnswer = Static<typeof CaptureAnswer>;

export const CaptureFile = Type.Object({
  /** Counts from 0; of a ring the oldest are gone. */
  file: Type.Integer({ minimum: 0 }),
  /** Where in the object store: files share the places of a ring. */
  slot: Type.Integer({ minimum: 0 }),
  parts: Type.Integer({ minimum: 0 }),
  bytes: Type.Integer({ minimum: 0 }),
});
export type CaptureFile = Static<typeof CaptureFile>;

export const CaptureStatus = Type.Object({
  captureId,
  state: Type.Union([Type.Literal('running'), Type.Literal('completed'), Type.Literal('failed')]),
  /** Why it ended: `duration`, `size`, `stopped`, `interfaces-gone`; of a failure, in words. */
  reason: Type.Union([Type.String(), Type.Null()]),
  interfaces: Type.Array(Type.String()),
  leftOut: Type.Array(LeftOutInterface),
  packets: Type.Integer(),
  bytes: Type.Integer(),
  /** Packets that the filter took and there was no room for. */
  dropped: Type.Integer(),
  startedAt: Type.String({ format: 'date-time' }),
  endedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  /** What is in the object store whole, oldest first. */
  files: Type.Array(CaptureFile),
});
export type CaptureStatus = Static<typeof CaptureStatus>;
