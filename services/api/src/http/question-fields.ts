/** Requests that hold questions: where they stand, so that what is wrong with one is told with its place. */
import {
  BATCH_FLOWS,
  DiagnosisBatchRequested,
  DiagnosisRequest,
  type InvalidField,
  type Question,
  ScheduleRequested,
} from '@netverdict/contracts';
import type { TSchema } from 'typebox';
import { checkRequest } from '../domain/check-request.ts';
import { checkTiming } from '../domain/schedules/timing.ts';

/** Of so many faults at most the answer tells, and how many there are. */
const MOST_TOLD = 50;

const under = (prefix: string, errors: readonly InvalidField[]): InvalidField[] =>
  errors.map((error) => ({ ...error, pointer: `${prefix}${error.pointer}` }));

/** What the schema of a body cannot say. @param value valid by its schema */
export function checkFurther(schema: TSchema, value: unknown): InvalidField[] {
  switch (schema) {
    case DiagnosisRequest:
      return checkRequest(value as DiagnosisRequest);
    case DiagnosisBatchRequested:
      return (value as DiagnosisBatchRequested).flows.flatMap((flow, i) => under(`/flows/${i}`, checkRequest(flow)));
    case ScheduleRequested: {
      const asked = value as ScheduleRequested;
      return [...under('/request', checkRequest(asked.request)), ...checkTiming(asked)];
    }
    default:
      return [];
  }
}

/** The pointer within a question, for what is said of questions: `/flows/7/source/pod` is its `/source/pod`. */
export const withinQuestion = (pointer: string): string => pointer.replace(/^\/(flows\/\d+|request)(?=\/|$)/, '');

/** The validator stops at some faults: of a list of flows each is looked at alone. @param check by the schema */
export function eachFlow(
  schema: TSchema,
  value: unknown,
  check: (flow: unknown) => readonly InvalidField[],
): InvalidField[] | null {
  if (schema !== DiagnosisBatchRequested || typeof value !== 'object' || value === null) return null;
  const flows: unknown = (value as { flows?: unknown }).flows;
  if (!Array.isArray(flows) || flows.length > BATCH_FLOWS) return null;
  const faults = flows.flatMap((flow: Question, i) => {
    const bySchema = check(flow);
    return under(`/flows/${i}`, bySchema.length > 0 ? bySchema : checkRequest(flow));
  });
  return faults.length === 0 ? null : faults;
}

export function told(errors: readonly InvalidField[]): InvalidField[] {
  if (errors.length <= MOST_TOLD) return [...errors];
  const more = errors.length - MOST_TOLD + 1;
  return [
    ...errors.slice(0, MOST_TOLD - 1),
    { pointer: '/flows', detail: `has ${more} more faults`, expected: 'those above mended first' },
  ];
}
