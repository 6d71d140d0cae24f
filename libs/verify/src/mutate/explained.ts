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

export const EXPLAINED: readonly Explanation[] = [
  {
    file: 'route/reverse-path.ts',
    code: "return { kind: 'other-device', dev: dev === null",
    is: 'equivalent',
    why: 'the device is named in words only; that it is another one is what decides',
  },
  {
    file: 'nft/registers.ts',
    code: 'if (bytes < 4)',
    is: 'equivalent',
    why: 'four bytes are answered in the line before',
  },
  {
    file: 'nft/registers.ts',
    code: 'for (let i = 1; i * 4 < bytes; i++)',
    is: 'equivalent',
    why: 'a word too many is cut off in the next line',
  },
  {
    file: 'netfilter/traverse.ts',
    code: 'if (chance === null || chance >= 1)',
    is: 'equivalent',
    why: 'with a share of exactly one the other way has none, and a branch without a share is never expected',
  },
];

export const explanationOf = ({ file, code, was, replacement }: Survivor): Explanation | null =>
  EXPLAINED.find(
    (e) =>
      e.file === file && code.startsWith(e.code) && (e.change === undefined || e.change === `${was} → ${replacement}`),
  ) ?? null;
