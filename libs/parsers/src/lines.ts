/** Walks over a text's lines without splitting it: 1-based numbers, no line end, blank lines left out. */
import { ok, type Result } from '@netverdict/linux-net';
import { type ParseProblem, readLine } from './problem.ts';

export function* lines(text: string): Generator<{ line: number; text: string }> {
  let start = 0;
  for (let line = 1; start < text.length; line++) {
    let end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    const content = text.slice(start, text.charCodeAt(end - 1) === 13 && end > start ? end - 1 : end);
    if (content.trim() !== '') yield { line, text: content };
    start = end + 1;
  }
}

/** One value for each line; null leaves the line out (a heading). The first malformed line is the answer. */
export function parseLines<T>(
  text: string,
  read: (text: string, line: number) => T | null,
): Result<readonly T[], ParseProblem> {
  const values: T[] = [];
  for (const { line, text: content } of lines(text)) {
    const result = readLine(line, content, () => read(content, line));
    if (!result.ok) return result;
    if (result.value !== null) values.push(result.value);
  }
  return ok(values);
}
