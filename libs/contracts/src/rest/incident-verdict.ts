/** What a diagnosis of an incident's own packets found: stored at the incident by eventproc, shown by REST. */
import Type, { type Static } from 'typebox';
import { DiagnosisRequest } from '../request.ts';
import { nullable, oneOf, ref, type TextSchema } from './verdict-schemas.ts';

type Text = Static<typeof TextSchema>;

export const IncidentVerdictState = Type.Union([
  /** The question is under way. */
  Type.Literal('asking'),
  /** The nodes' state explains it: findings say what drops the packets. */
  Type.Literal('explained'),
  /** By the nodes' state of now such a packet gets there. */
  Type.Literal('no-more'),
  /** What would decide it could not be read. */
  Type.Literal('undetermined'),
  /** The diagnosis itself failed. */
  Type.Literal('failed'),
  /** Nothing is known that could be asked: no packet with both addresses. */
  Type.Literal('not-askable'),
]);
export type IncidentVerdictState = Static<typeof IncidentVerdictState>;

export const IncidentVerdict = Type.Object(
  {
    sentence: ref<Text>('Text'),
    /** What was asked: the forward direction of the connection, whichever way the packet went. */
    question: nullable(DiagnosisRequest),
    packet: nullable(oneOf('request', 'reply')),
    outcome: nullable(oneOf('reachable', 'unreachable', 'partially-reachable', 'undetermined')),
    reachableShare: nullable(Type.Number()),
    findings: Type.Array(
      Type.Object({
        code: Type.String(),
        severity: Type.String(),
        hop: Type.String(),
        node: nullable(Type.String()),
        direction: Type.String(),
        text: ref<Text>('Text'),
        /** The raw line that decides. */
        evidence: nullable(Type.String()),
        remedy: nullable(
          Type.Object({
            command: nullable(Type.String()),
            on: nullable(Type.String()),
            text: ref<Text>('Text'),
            proven: Type.Boolean(),
          }),
        ),
      }),
      { description: 'those that block first' },
    ),
    /** Incidents with the same cause have the same; null: none was found. */
    cause: nullable(Type.String()),
    answeredAt: nullable(Type.String({ format: 'date-time' })),
  },
  { $id: 'IncidentVerdict', description: 'What a diagnosis of the incident’s own packets found' },
);
export type IncidentVerdict = Static<typeof IncidentVerdict>;
