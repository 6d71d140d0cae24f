/** Ping meshes as REST takes and shows them: who reaches whom, with which loss, in which time. */
import Type, { type Static } from 'typebox';
import { ProbeProtocol } from '../messages/probe.ts';
import { Source } from '../request.ts';
import { nullable, oneOf, ref } from './verdict-schemas.ts';

export const PING_MESH_LIMITS = { ends: 16, attempts: 20 } as const;

export const PingMeshRequested = Type.Object(
  {
    cluster: Type.Optional(Type.String({ minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' })),
    ends: Type.Array(Source, {
      minItems: 2,
      maxItems: PING_MESH_LIMITS.ends,
      description: 'pods and nodes are pinged from and to, other addresses only to',
    }),
    protocol: Type.Optional(ProbeProtocol),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535, description: 'of TCP and UDP' })),
    attempts: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: PING_MESH_LIMITS.attempts,
        description: 'per pair and round; 5 when absent',
      }),
    ),
    everyMs: Type.Optional(
      Type.Integer({ minimum: 10_000, maximum: 86_400_000, description: 'again and again; once when absent' }),
    ),
  },
  { additionalProperties: false },
);
export type PingMeshRequested = Static<typeof PingMeshRequested>;

const ms = nullable(Type.Number());
export const PingCell = Type.Object(
  {
    from: Type.String({ examples: ['pod shop/web-1'] }),
    to: Type.String(),
    sent: Type.Integer(),
    answered: Type.Integer({ description: 'also by a refusal: the network let both through' }),
    loss: nullable(Type.Number({ description: '0…1; null: nothing was sent' })),
    rttMs: Type.Object({ min: ms, p50: ms, p95: ms, p99: ms, max: ms }),
    outcomes: Type.Record(Type.String(), Type.Integer(), { description: 'how many attempts ended how' }),
    problem: nullable(Type.String({ description: 'why nothing was sent' })),
  },
  { $id: 'PingCell' },
);
export type PingCell = Static<typeof PingCell>;

export const PingRound = Type.Object(
  {
    startedAt: Type.String({ format: 'date-time' }),
    endedAt: nullable(Type.String({ format: 'date-time' })),
    problem: nullable(Type.String()),
    cells: Type.Array(ref<PingCell>('PingCell')),
  },
  { $id: 'PingRound' },
);
export type PingRound = Omit<Static<typeof PingRound>, 'cells'> & { cells: PingCell[] };

export const PingMeshDocument = Type.Object(
  {
    id: Type.String({ description: '`pm_…`' }),
    cluster: Type.String(),
    request: PingMeshRequested,
    state: oneOf('running', 'completed', 'failed', 'scheduled'),
    createdAt: Type.String({ format: 'date-time' }),
    rounds: Type.Array(ref<PingRound>('PingRound'), { description: 'the newest first' }),
  },
  { $id: 'PingMesh' },
);
export type PingMeshDocument = Omit<Static<typeof PingMeshDocument>, 'rounds'> & { rounds: PingRound[] };

export const PingMeshList = Type.Object(
  { items: Type.Array(ref<PingMeshDocument>('PingMesh')), nextCursor: nullable(Type.String()) },
  { $id: 'PingMeshList' },
);
