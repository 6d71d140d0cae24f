/**
 * What a parser answers when the text is not what the tool prints.
 * Inside a parser a `Malformed` is thrown by the reader of one value and caught by the loop that knows the line;
 * it never leaves this library.
 */
import { err, type Result } from '@netverdict/linux-net';

export interface ParseProblem {
  /** What was expected and what stood there, in one sentence without a full stop. */
  readonly message: string;
  /** 1-based line of the text; for JSON the 1-based element of the array. */
  readonly line: number;
  /** The line or element itself, cut to 200 characters. */
  readonly text: string;
}

export class Malformed extends Error {
  override readonly name = 'Malformed';
}

const MAX_QUOTED = 200;
export const shorten = (text: string): string => (text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);

export const problem = (message: string, line: number, text: string): ParseProblem => ({
  message,
  line,
  text: shorten(text),
});

export const fail = (message: string, line: number, text: string): Result<never, ParseProblem> =>
  err(problem(message, line, text));

/** Unwraps the Result of a value's own parser where a bad value makes the line malformed. */
export function must<T>(result: Result<T, string>): T {
  if (!result.ok) throw new Malformed(result.error);
  return result.value;
}

/** Runs the reader of one line; a `Malformed` becomes the problem of that line, anything else is our bug. */
export function readLine<T>(
  line: number,
  text: string,
  read: () => T,
): { ok: true; value: T } | { ok: false; error: ParseProblem } {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, error: problem(error.message, line, text) };
    throw error;
  }
}
