/** Shorthand for a resolution step: a value, or a problem that ends the diagnosis. */
import { err, type Result } from '@netverdict/linux-net';
import { type Problem, type ProblemType, problem } from './resolution.ts';

export type Outcome<T> = Result<T, Problem>;

export const fail = (
  type: ProblemType,
  title: string,
  detail: string,
  suggestions: readonly string[] = [],
): { readonly ok: false; readonly error: Problem } => {
  const failed = err(problem(type, title, detail, suggestions));
  return failed;
};
