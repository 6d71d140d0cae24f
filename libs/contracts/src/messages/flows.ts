/** Who talks to whom and how much: what a batch of an agent tells of traffic, for the graph of it. */
import Type, { type Static } from 'typebox';
import { WorkloadRef } from './workload.ts';

/**
 * One direction of talk between a namespace and one far end, within a window. Connections of one service are told together: the port is the
 * service's, whichever end has it. Each byte and each connection is told once: long-lived connections are told as they grow.
 */
export const FlowRecord = Type.Object({
  /** The near end: the namespace's inode; the pod, container and workload where they are known; a null pod is the node itself. */
  netns: Type.Integer(),
  pod: Type.Union([Type.Object({ namespace: Type.String(), name: Type.String() }), Type.Null()]),
  workload: Type.Optional(WorkloadRef),
  container: Type.Optional(Type.String()),
  family: Type.Union([Type.Literal('ipv4'), Type.Literal('ipv6')]),
  protocol: Type.Integer({ minimum: 0, maximum: 255 }),
  /** The near end's address as its connections have it. Null: several, counted together. */
  address: Type.Union([Type.String(), Type.Null()]),
  /** The far end's. Null: many far ends, counted together because there were more than are told one by one. */
  peer: Type.Union([Type.String(), Type.Null()]),
  /** The service's port; null: unknown, or several counted together. */
  port: Type.Union([Type.Integer({ minimum: 1, maximum: 65535 }), Type.Null()]),
  /** `out`: the near end connected to the far end's port; `in`: the far end connected to ours. */
  direction: Type.Union([Type.Literal('in'), Type.Literal('out')]),
  /** Of the transport's payload, seen from the near end; sent ones once they are acknowledged. */
  sentBytes: Type.Integer({ minimum: 0 }),
  receivedBytes: Type.Integer({ minimum: 0 }),
  sentPackets: Type.Integer({ minimum: 0 }),
  receivedPackets: Type.Integer({ minimum: 0 }),
  /** Of the sent ones, how many were sent again. */
  retransmittedPackets: Type.Integer({ minimum: 0 }),
  /** Connections that were met for the first time in this window, and that ended in it. */
  opened: Type.Integer({ minimum: 0 }),
  closed: Type.Integer({ minimum: 0 }),
  windowStart: Type.String({ format: 'date-time' }),
  windowEnd: Type.String({ format: 'date-time' }),
});
export type FlowRecord = Static<typeof FlowRecord>;
