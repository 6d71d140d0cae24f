/** Schedules as REST takes and shows them: a question asked again and again, and told when its answer changes. */
import Type, { type Static } from 'typebox';
import { DiagnosisRequest } from '../request.ts';
import { Question } from './batch-documents.ts';
import type { Deciding } from './deciding.ts';
import type { DiagnosisProblem } from './problem.ts';
import { nullable, oneOf, ref } from './verdict-schemas.ts';

const Instant = Type.String({ format: 'date-time' });
const outcomes = ['reachable', 'unreachable', 'partially-reachable', 'undetermined'] as const;

const settings = {
  name: Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\u0000]*$', examples: ['cart to payments'] }),
  everyMs: Type.Integer({ minimum: 10_000, maximum: 86_400_000, description: 'either this or cron' }),
  cron: Type.String({
    minLength: 9,
    maxLength: 100,
    pattern: '^\\S+( \\S+){4}$',
    description: 'five fields: minute, hour, day of the month, month, day of the week',
    examples: ['*/5 8-18 * * 1-5'],
  }),
  timeZone: Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'of cron, by its name in the tz database; UTC when absent',
    examples: ['Europe/Berlin'],
  }),
  callbackUrl: Type.String({ format: 'uri', maxLength: 2048, description: 'told `verdict.changed`' }),
};

export const ScheduleRequested = Type.Object(
  {
    name: settings.name,
    cluster: DiagnosisRequest.properties.cluster,
    request: Question,
    everyMs: Type.Optional(settings.everyMs),
    cron: Type.Optional(settings.cron),
    timeZone: Type.Optional(settings.timeZone),
    callbackUrl: Type.Optional(settings.callbackUrl),
  },
  { additionalProperties: false },
);
export type ScheduleRequested = Static<typeof ScheduleRequested>;

export const ScheduleChanged = Type.Object(
  {
    name: Type.Optional(settings.name),
    everyMs: Type.Optional(settings.everyMs),
    cron: Type.Optional(settings.cron),
    timeZone: Type.Optional(settings.timeZone),
    callbackUrl: Type.Optional(nullable(settings.callbackUrl)),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type ScheduleChanged = Static<typeof ScheduleChanged>;

export const ScheduleAnswer = Type.Object(
  {
    outcome: oneOf(...outcomes, 'failed'),
    deciding: Type.Array(ref<Deciding>('Deciding')),
    diagnosisId: Type.String({ description: 'the first that gave this answer' }),
    since: Instant,
  },
  {
    $id: 'ScheduleAnswer',
    description:
      'failed: the question itself has no answer (no such pod). What could not be answered for another reason (a deadline) is no answer',
  },
);
export type ScheduleAnswer = Omit<Static<typeof ScheduleAnswer>, 'deciding'> & {
  readonly deciding: readonly Deciding[];
};

export const ScheduleDocument = Type.Object(
  {
    id: Type.String({ description: '`sc_…`' }),
    name: Type.String(),
    cluster: Type.String(),
    request: DiagnosisRequest,
    everyMs: nullable(Type.Integer()),
    cron: nullable(Type.String()),
    timeZone: nullable(Type.String()),
    callback: Type.Boolean({ description: 'a callbackUrl is told; it may hold a secret and is not shown' }),
    state: oneOf('active', 'paused'),
    pausedReason: nullable(Type.String({ description: 'why, when nobody asked for that' })),
    nextRunAt: nullable(Type.String({ format: 'date-time', description: 'null: paused' })),
    running: nullable(Type.String({ description: 'the diagnosis of the run that is under way' })),
    answer: nullable(ref<ScheduleAnswer>('ScheduleAnswer')),
    runs: Type.Integer(),
    missed: Type.Integer({
      description: 'runs that were due and not begun; each stands in the history with its reason',
    }),
    changes: Type.Integer(),
    failures: Type.Integer({ description: 'runs without an answer since the last one with' }),
    createdAt: Instant,
    updatedAt: Instant,
  },
  { $id: 'Schedule' },
);
export type ScheduleDocument = Omit<Static<typeof ScheduleDocument>, 'answer'> & {
  readonly answer: ScheduleAnswer | null;
};

export const ScheduleList = Type.Object(
  { items: Type.Array(ref<ScheduleDocument>('Schedule')), nextCursor: nullable(Type.String()) },
  { $id: 'ScheduleList' },
);

export const ScheduleRun = Type.Object(
  {
    state: oneOf('running', 'completed', 'failed', 'missed'),
    dueAt: nullable(Type.String({ format: 'date-time', description: 'null: somebody asked for it' })),
    startedAt: nullable(Type.String({ format: 'date-time', description: 'null: missed' })),
    endedAt: nullable(Instant),
    missed: Type.Integer({ description: 'of missed ones: how many, from dueAt to lastDueAt' }),
    lastDueAt: nullable(Instant),
    reason: nullable(Type.String({ description: 'of missed ones' })),
    diagnosisId: nullable(Type.String()),
    outcome: nullable(oneOf(...outcomes)),
    deciding: Type.Array(ref<Deciding>('Deciding')),
    problem: nullable(ref<DiagnosisProblem>('DiagnosisProblem')),
    changed: Type.Boolean({ description: 'another answer than the one before' }),
  },
  { $id: 'ScheduleRun' },
);
export type ScheduleRun = Static<typeof ScheduleRun>;

export const ScheduleRunList = Type.Object(
  { items: Type.Array(ref<ScheduleRun>('ScheduleRun')), nextCursor: nullable(Type.String()) },
  { $id: 'ScheduleRunList' },
);

export const VerdictChange = Type.Object(
  {
    schedule: Type.String({ description: '`sc_…`' }),
    name: Type.String(),
    cluster: Type.String(),
    request: DiagnosisRequest,
    before: ref<ScheduleAnswer>('ScheduleAnswer'),
    after: ref<ScheduleAnswer>('ScheduleAnswer'),
  },
  { $id: 'VerdictChange' },
);
export type VerdictChange = Static<typeof VerdictChange>;
