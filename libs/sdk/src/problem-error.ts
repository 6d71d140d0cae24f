/** What the API (or a diagnosis) refused, as an error with the fields of RFC 9457. */
import { type InvalidField, PROBLEM_BASE, type Problem } from '@netverdict/contracts';

export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;
  /** Last part of the type: `invalid-request`, `unknown-diagnosis`… */
  readonly type: string;
  readonly status: number;
  /** Each bad field, with what was wrong and what would be right. */
  readonly errors: readonly InvalidField[];
  /** From Retry-After; null when the server did not say. */
  readonly retryAfterMs: number | null;

  constructor(problem: Problem, retryAfterMs: number | null) {
    super(`${problem.title}: ${problem.detail}`);
    this.problem = problem;
    this.type = problem.type.startsWith(PROBLEM_BASE) ? problem.type.slice(PROBLEM_BASE.length) : problem.type;
    this.status = problem.status;
    this.errors = problem.errors ?? [];
    this.retryAfterMs = retryAfterMs;
  }
}

/** The server cannot be reached at all, or answered with something that is not of this API. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

export function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : null;
}

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' && body !== null && 'type' in body && 'title' in body && 'status' in body;

/** @param body what was answered, parsed when it was JSON. */
export function problemFrom(response: Response, body: unknown): ProblemError | ConnectionError {
  if (isProblem(body)) return new ProblemError(body, retryAfter(response));
  return new ConnectionError(`${response.url} answered ${response.status}, and not as Netverdict does`);
}
