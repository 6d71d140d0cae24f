/** RFC 9457 problem details: every error of the REST API, and why a diagnosis failed. */
import Type, { type Static } from 'typebox';

/** Problem types are this and a kebab-case name (`unknown-pod`). They name, they do not resolve. */
export const PROBLEM_BASE = 'urn:netverdict:problem:';

export const InvalidField = Type.Object(
  {
    pointer: Type.String({
      description: 'JSON Pointer into the body, or the name of the parameter',
      examples: ['/destination/port'],
    }),
    detail: Type.String({ description: 'what was wrong' }),
    expected: Type.String({ description: 'what would be right' }),
  },
  { $id: 'InvalidField' },
);
export type InvalidField = Static<typeof InvalidField>;

export const Problem = Type.Object(
  {
    type: Type.String({ format: 'uri', examples: [`${PROBLEM_BASE}invalid-request`] }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.Optional(Type.String()),
    errors: Type.Optional(Type.Array(Type.Unsafe<InvalidField>({ $ref: 'InvalidField#' }))),
  },
  { $id: 'Problem', description: 'RFC 9457 problem details' },
);
export type Problem = Static<typeof Problem>;

export const DiagnosisProblem = Type.Object(
  {
    type: Type.String({ format: 'uri', examples: [`${PROBLEM_BASE}unknown-pod`] }),
    title: Type.String(),
    detail: Type.String(),
    suggestions: Type.Array(Type.String(), { description: 'what does exist nearby' }),
  },
  { $id: 'DiagnosisProblem', description: 'Why a diagnosis could not be carried out' },
);
export type DiagnosisProblem = Static<typeof DiagnosisProblem>;
