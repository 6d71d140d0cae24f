/** Batches as REST takes and shows them: up to a thousand questions in one request. */
import Type, { type Static } from 'typebox';
import { DiagnosisRequest } from '../request.ts';
import type { Deciding } from './deciding.ts';
import { nullable, oneOf, ref } from './verdict-schemas.ts';

export const BATCH_FLOWS = 1000;

const Instant = Type.String({ format: 'date-time' });
const { cluster, callbackUrl, ...question } = DiagnosisRequest.properties;

/** A question without where it is asked and who is told: that is said once, for all. */
export const Question = Type.Object(question, { additionalProperties: false });
export type Question = Static<typeof Question>;

export const DiagnosisBatchRequested = Type.Object(
  {
    cluster,
    description: Type.Optional(Type.String({ maxLength: 500, pattern: '^[^\\u0000]*$' })),
    flows: Type.Array(Question, {
      minItems: 1,
      maxItems: BATCH_FLOWS,
      description: 'each becomes a diagnosis of its own, with its deadline from when it is begun',
    }),
    callbackUrl: Type.Optional(
      Type.String({ format: 'uri', maxLength: 2048, description: 'told `batch.completed`, once all have ended' }),
    ),
  },
  { additionalProperties: false },
);
export type DiagnosisBatchRequested = Static<typeof DiagnosisBatchRequested>;

const count = (description: string) => Type.Integer({ minimum: 0, description });

export const DiagnosisBatchDocument = Type.Object(
  {
    id: Type.String({ description: '`db_…`' }),
    cluster: Type.String(),
    description: Type.String(),
    status: Type.Unsafe<'running' | 'cancelling' | 'completed' | 'cancelled'>({
      ...oneOf('running', 'cancelling', 'completed', 'cancelled'),
      description: 'cancelling: nothing more is begun, and what is under way comes to its end',
    }),
    flows: Type.Integer({ minimum: 1, description: 'how many: the sum of all counts' }),
    counts: Type.Object({
      waiting: count('not begun'),
      running: count('diagnoses under way'),
      reachable: count('ended so'),
      unreachable: count('ended so'),
      'partially-reachable': count('ended so'),
      undetermined: count('ended so'),
      failed: count('could not be carried out, each with its reason'),
      cancelled: count('never begun'),
    }),
    createdAt: Instant,
    cancelledAt: nullable(Instant),
    finishedAt: nullable(Instant),
  },
  { $id: 'DiagnosisBatch' },
);
export type DiagnosisBatchDocument = Static<typeof DiagnosisBatchDocument>;

export const DiagnosisBatchList = Type.Object(
  { items: Type.Array(ref<DiagnosisBatchDocument>('DiagnosisBatch')), nextCursor: nullable(Type.String()) },
  { $id: 'DiagnosisBatchList' },
);

export const BatchFlowStateSchema = oneOf('waiting', 'running', 'completed', 'failed', 'cancelled');

export const BatchFlowDocument = Type.Object(
  {
    flow: Type.Integer({ minimum: 0, description: 'its place in the request, from 0' }),
    state: BatchFlowStateSchema,
    request: DiagnosisRequest,
    diagnosisId: nullable(Type.String({ description: 'null: not begun' })),
    outcome: nullable(oneOf('reachable', 'unreachable', 'partially-reachable', 'undetermined')),
    deciding: Type.Array(ref<Deciding>('Deciding')),
    message: nullable(Type.String({ description: 'what its diagnosis waits for, or how it ended' })),
  },
  { $id: 'DiagnosisBatchFlow' },
);
export type BatchFlowDocument = Static<typeof BatchFlowDocument>;

export const BatchFlowList = Type.Object(
  { items: Type.Array(ref<BatchFlowDocument>('DiagnosisBatchFlow')), nextCursor: nullable(Type.String()) },
  { $id: 'DiagnosisBatchFlowList' },
);
