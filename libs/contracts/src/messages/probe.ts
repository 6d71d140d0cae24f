/**
 * Live probes: real packets from a namespace (`probe`), and what the nodes of the path see of them (`follow`). Both are requests to the agent
 * of one node, answered at once or within a bounded time; `probe-needed` is how the simulator hands a verdict on to have it probed.
 */
import Type, { type Static } from 'typebox';
import { DiagnosisRequest } from '../request.ts';
import { CollectTarget } from './collection.ts';
import { VerdictReached } from './diagnosis.ts';

const address = Type.String({ minLength: 2, maxLength: 45 });
const port = Type.Integer({ minimum: 1, maximum: 65535 });
const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

export const ProbeProtocol = Type.Union([Type.Literal('tcp'), Type.Literal('udp'), Type.Literal('icmp')]);
export type ProbeProtocol = Static<typeof ProbeProtocol>;

/** What no request may exceed, whoever asks; the agent checks it again. */
export const PROBE_LIMITS = {
  targets: 32,
  attemptsPerTarget: 100,
  attempts: 400,
  perSecond: 200,
  timeoutMs: 10_000,
  totalMs: 30_000,
} as const;

export const ProbeTarget = Type.Object({
  /** The asker's own name for it; answers carry it. */
  id: Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._-]+$' }),
  protocol: ProbeProtocol,
  address,
  /** null for an echo. */
  port: nullable(port),
  /** null: the kernel chooses. Of an echo it is the identifier. */
  sourcePort: nullable(port),
  attempts: Type.Integer({ minimum: 1, maximum: PROBE_LIMITS.attemptsPerTarget }),
  /** Of the IP packet; null: as small as can be. Over a connection data goes then, up to 3,000 bytes, in packets as big as its MSS lets them be. */
  sizeBytes: nullable(Type.Integer({ minimum: 28, maximum: 65535 })),
  dontFragment: Type.Boolean(),
});
export type ProbeTarget = Static<typeof ProbeTarget>;

export const ProbeRequest = Type.Object({
  from: CollectTarget,
  targets: Type.Array(ProbeTarget, { minItems: 1, maxItems: PROBE_LIMITS.targets }),
  /** Attempts begun in a second, over all targets. */
  perSecond: Type.Integer({ minimum: 1, maximum: PROBE_LIMITS.perSecond }),
  /** How long one attempt waits for its answer. */
  timeoutMs: Type.Integer({ minimum: 10, maximum: PROBE_LIMITS.timeoutMs }),
  /** When all ends, whatever still waits. */
  totalMs: Type.Integer({ minimum: 10, maximum: PROBE_LIMITS.totalMs }),
  /** For the agent's log: whose packets these are. */
  purpose: Type.String({ maxLength: 200 }),
});
export type ProbeRequest = Static<typeof ProbeRequest>;

export const ProbeOutcome = Type.Union([
  /** TCP: the connection stands. */
  Type.Literal('connected'),
  /** UDP, ICMP: something came back. */
  Type.Literal('answered'),
  /** ECONNREFUSED: a reset, or an ICMP port unreachable. */
  Type.Literal('refused'),
  /** EHOSTUNREACH, ENETUNREACH, EACCES…: by the own kernel or by ICMP. */
  Type.Literal('unreachable'),
  /** EMSGSIZE. */
  Type.Literal('too-big'),
  /** Nothing came back in time. */
  Type.Literal('silent'),
  Type.Literal('reset'),
  /** TCP with a size: the connection stands, but not all data that went over it was acknowledged in time. */
  Type.Literal('not-acknowledged'),
  /** The attempt could not be made: the port is taken, no socket. */
  Type.Literal('error'),
]);
export type ProbeOutcome = Static<typeof ProbeOutcome>;

export const ProbeAttempt = Type.Object({
  target: Type.String(),
  outcome: ProbeOutcome,
  /** Until the answer; null where none came. Of a connection until it stands. */
  rttMs: nullable(Type.Number()),
  /** Of data over a connection: the biggest IP packet it was sent in, at the end. Absent where no data was sent. */
  packetBytes: Type.Optional(Type.Integer()),
  errno: Type.Optional(Type.String()),
  /** The end that the kernel gave it; null when it gave none. */
  local: nullable(Type.Object({ address: Type.String(), port: nullable(Type.Integer()) })),
  /** The first eight bytes of a datagram's or an echo's payload, in hexadecimal: by it the packet is known wherever it is seen. */
  token: Type.Optional(Type.String()),
  /** The ICMP error that came back, and from whom; `info` is the MTU of a fragmentation-needed. */
  icmp: Type.Optional(
    Type.Object({ type: Type.Integer(), code: Type.Integer(), info: Type.Integer(), from: Type.String() }),
  ),
});
export type ProbeAttempt = Static<typeof ProbeAttempt>;

export const ProbeAnswer = Type.Union([
  Type.Object({
    kind: Type.Literal('probed'),
    /** Of the namespace that sent. */
    netns: Type.Integer(),
    attempts: Type.Array(ProbeAttempt),
    /** Attempts that the total time left no room for: they were not made. */
    notMade: Type.Integer(),
  }),
  Type.Object({ kind: Type.Literal('error'), message: Type.String() }),
]);
export type ProbeAnswer = Static<typeof ProbeAnswer>;

/** The end of a flow that does not change its port: a server's. Packets from and to it are followed. */
export const FollowedEnd = Type.Object({ protocol: ProbeProtocol, address, port: nullable(port) });
export type FollowedEnd = Static<typeof FollowedEnd>;

export const FollowRequest = Type.Union([
  Type.Object({
    operation: Type.Literal('begin'),
    /** The asker's name for it. */
    follow: Type.String({ minLength: 1, maxLength: 100 }),
    ends: Type.Array(FollowedEnd, { minItems: 1, maxItems: 64 }),
    /** Ends by itself then. */
    forMs: Type.Integer({ minimum: 10, maximum: 60_000 }),
  }),
  /** Ends it and tells what was seen. */
  Type.Object({ operation: Type.Literal('end'), follow: Type.String({ minLength: 1, maxLength: 100 }) }),
]);
export type FollowRequest = Static<typeof FollowRequest>;

/** A packet at one place of a node. Addresses are as they were there: of an encapsulated packet the inner ones. */
export const Sighting = Type.Object({
  atMs: Type.Number({ description: "the node's wall clock" }),
  netns: Type.Integer(),
  device: nullable(Type.String()),
  point: Type.Union([
    /** Handed to a device. */
    Type.Literal('sent'),
    Type.Literal('received'),
    Type.Literal('dropped'),
  ]),
  protocol: Type.Integer(),
  source: Type.String(),
  sourcePort: nullable(Type.Integer()),
  destination: Type.String(),
  destinationPort: nullable(Type.Integer()),
  /**
   * Names the packet and what answers it, through all translations: the sequence number of a SYN, the token of a datagram or an echo.
   * In hexadecimal, 16 digits.
   */
  signature: Type.String(),
  /** `SYN`, `SYN,ACK`, `RST,ACK`. */
  tcpFlags: Type.Optional(Type.String()),
  /** It is the answer: from the followed end. */
  answer: Type.Boolean(),
  /** Of data over a connection that stands (its first segment), not of the connection's beginning. */
  data: Type.Optional(Type.Boolean()),
  encapsulated: Type.Optional(Type.Boolean()),
  /** An ICMP error about the packet; addresses are the error's own. */
  icmp: Type.Optional(Type.Object({ type: Type.Integer(), code: Type.Integer() })),
  /** Of a drop: the kernel's own reason, function and netfilter hook. */
  reason: Type.Optional(Type.String()),
  function: Type.Optional(Type.String()),
  hook: Type.Optional(Type.String()),
});
export type Sighting = Static<typeof Sighting>;

export const FollowAnswer = Type.Union([
  Type.Object({ kind: Type.Literal('began') }),
  /** May come in several parts. `lost`: sightings that there was no room for. */
  Type.Object({ kind: Type.Literal('seen'), sightings: Type.Array(Sighting), lost: Type.Integer() }),
  Type.Object({ kind: Type.Literal('error'), message: Type.String() }),
]);
export type FollowAnswer = Static<typeof FollowAnswer>;

/** One fate that the simulation foresees for packets to a target. */
export const ExpectedBranch = Type.Object({
  share: nullable(Type.Number()),
  outcome: Type.Union([Type.Literal('reachable'), Type.Literal('unreachable'), Type.Literal('undetermined')]),
  disposition: Type.String(),
  ended: Type.Union([Type.Literal('forward'), Type.Literal('reply')]),
  /** Where translations send it; the target itself where none does. */
  destination: Type.Object({ address: Type.String(), port: nullable(Type.Integer()) }),
  /** Namespaces in order. */
  hops: Type.Array(
    Type.Object({ place: Type.String(), direction: Type.Union([Type.Literal('forward'), Type.Literal('reply')]) }),
  ),
  /** The step that ended it, in the trace's words. */
  stop: nullable(Type.String()),
});
export type ExpectedBranch = Static<typeof ExpectedBranch>;

export const ExpectedTarget = Type.Object({
  /** `asked`: what the user asked about; `backend`: reached directly, past the Service. */
  kind: Type.Union([Type.Literal('asked'), Type.Literal('backend')]),
  label: Type.String(),
  protocol: ProbeProtocol,
  address: Type.String(),
  port: nullable(Type.Integer()),
  branches: Type.Array(ExpectedBranch),
});
export type ExpectedTarget = Static<typeof ExpectedTarget>;

/** A verdict that is to be compared with real packets before it is told. */
export const ProbeNeeded = Type.Object({
  verdict: VerdictReached,
  request: DiagnosisRequest,
  expected: Type.Array(ExpectedTarget),
  deadlineAt: Type.String({ format: 'date-time' }),
});
export type ProbeNeeded = Static<typeof ProbeNeeded>;
