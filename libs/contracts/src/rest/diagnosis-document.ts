/** A diagnosis as REST, webhooks and the SDK show it. */
import type { Flow } from '@netverdict/linux-net';
import type { Finding, LiveProbe, Trace, Verdict, VerdictContext } from '@netverdict/verdict';
import Type, { type Static } from 'typebox';
import { type IntendedPath, Stage } from '../messages/diagnosis.ts';
import { DiagnosisRequest } from '../request.ts';
import type { DiagnosisProblem } from './problem.ts';
import { nullable, oneOf, ref } from './verdict-schemas.ts';

const instant = (description: string) => Type.String({ format: 'date-time', description });

/** Only where the token may not see all: how a reader tells that `[redacted]` stands for something. */
export const visibleNamespaces = Type.Optional(
  Type.Array(Type.String(), {
    description:
      'the token may see these namespaces only: names, addresses and rules of others are replaced by `[redacted]` (in `request` by `redacted`, or `redacted/redacted`); verdict, findings and shares stand',
  }),
);

export const DiagnosisSummary = Type.Object(
  {
    id: Type.String({ pattern: '^dg_[0-9a-f-]{36}$' }),
    cluster: Type.String(),
    status: Stage,
    message: Type.String({ description: 'what is being waited for, or how it ended' }),
    request: DiagnosisRequest,
    outcome: nullable(oneOf('reachable', 'unreachable', 'partially-reachable', 'undetermined')),
    attempt: Type.Integer({ minimum: 1 }),
    acceptedAt: instant('when it was accepted'),
    deadlineAt: instant('when it fails for want of an answer'),
    finishedAt: nullable(instant('when it completed or failed')),
    rerunOf: nullable(Type.String()),
    problem: nullable(ref<DiagnosisProblem>('DiagnosisProblem')),
    visibleNamespaces,
  },
  { $id: 'DiagnosisSummary' },
);
export type DiagnosisSummary = Static<typeof DiagnosisSummary>;

export const Collection = Type.Object(
  {
    snapshot: Type.String({ description: 'digest of the snapshot' }),
    at: instant('when the snapshot was assembled'),
    nodes: Type.Array(
      Type.Object({
        node: Type.String(),
        at: instant('when the agent began to read'),
        unavailable: nullable(Type.String({ description: 'why nothing of the node is there' })),
        missing: Type.Array(Type.Object({ namespace: Type.String(), kind: Type.String(), reason: Type.String() }), {
          description: 'sections that could not be read',
        }),
      }),
    ),
  },
  { $id: 'Collection', description: 'What was seen, when, and what was not' },
);
export type Collection = Static<typeof Collection>;

export const DiagnosisTiming = Type.Object(
  { totalMs: Type.Number(), resolveMs: Type.Number(), collectMs: Type.Number(), simulateMs: Type.Number() },
  { $id: 'DiagnosisTiming' },
);
export type DiagnosisTiming = Static<typeof DiagnosisTiming>;

export const DiagnosisDocument = Type.Object(
  {
    ...DiagnosisSummary.properties,
    context: nullable(Type.Unsafe<VerdictContext>(Type.Object({ source: Type.String(), destination: Type.String() }))),
    verdict: nullable(ref<Verdict>('Verdict')),
    findings: Type.Array(ref<Finding>('Finding')),
    trace: nullable(ref<Trace>('Trace')),
    unexamined: nullable(Type.Number({ description: 'share of the fates that a budget left unexamined' })),
    flow: nullable(
      Type.Unsafe<Flow>(Type.Object({}, { additionalProperties: true, description: 'the flow, resolved' })),
    ),
    intendedPath: nullable(
      Type.Unsafe<IntendedPath>(
        Type.Object({}, { additionalProperties: true, description: 'what the objects promise' }),
      ),
    ),
    collection: nullable(ref<Collection>('Collection')),
    timing: nullable(ref<DiagnosisTiming>('DiagnosisTiming')),
    /** null: none was asked for, or not yet. */
    probe: nullable(ref<LiveProbe>('LiveProbe')),
  },
  { $id: 'Diagnosis', description: 'null fields: not known before completion' },
);
export type DiagnosisDocument = Static<typeof DiagnosisDocument>;

export const DiagnosisList = Type.Object(
  {
    items: Type.Array(ref<DiagnosisSummary>('DiagnosisSummary')),
    nextCursor: nullable(Type.String({ description: 'for `cursor` of the next page; null at the end' })),
  },
  { $id: 'DiagnosisList' },
);
export type DiagnosisList = Static<typeof DiagnosisList>;

/** Data of an SSE event `progress`; its id is `seq`. The last event is `completed` or `failed` with the document. */
export const ProgressEvent = Type.Object(
  {
    seq: Type.Integer(),
    attempt: Type.Integer(),
    stage: Stage,
    message: Type.String(),
    at: instant('when the service said it'),
  },
  { $id: 'ProgressEvent' },
);
export type ProgressEvent = Static<typeof ProgressEvent>;
