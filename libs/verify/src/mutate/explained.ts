/**
 * Why nobody can tell certain mutants from the model. Found by their line of code, which stays when lines move.
 * `equivalent`: it is the same model in other words. `gap`: a meaning that no world decides.
 */
import type { Survivor } from './mutation-report.ts';

export interface Explanation {
  readonly file: string;
  /** The beginning of the line, without its indentation. */
  readonly code: string;
  /** What is changed to what; absent: any change of the line. */
  readonly change?: string;
  readonly is: 'equivalent' | 'gap';
  readonly why: string;
}

export const EXPLAINED: readonly Explanation[] = [];

export const explanationOf = ({ file, code, was, replacement }: Survivor): Explanation | null =>
  EXPLAINED.find(
    (e) =>
      e.file === file && code.startsWith(e.code) && (e.change === undefined || e.change === `${was} → ${replacement}`),
  ) ?? null;
