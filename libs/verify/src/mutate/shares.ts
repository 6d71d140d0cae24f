/** What became of the mutants, counted for each part of the model and for all of it. */
import { explanationOf } from './explained/index.ts';
import type { MutationReport, Survivor } from './mutation-report.ts';

export interface Shares {
  readonly tried: number;
  readonly caught: number;
  /** The same model in other words: nobody can tell. */
  readonly equivalent: number;
  /** A meaning that no recorded packet decides. */
  readonly gaps: number;
  /** Of the gaps: recorded packets run through it, and why it does not show is not found out yet. */
  readonly unexplained: number;
}

const isEquivalent = (survivor: Survivor): boolean => explanationOf(survivor)?.is === 'equivalent';

function sharesOf(counted: { readonly tried: number; readonly caught: number }, left: readonly Survivor[]): Shares {
  const equivalent = left.filter(isEquivalent).length;
  const unexplained = left.filter((s) => s.reached && explanationOf(s) === null).length;
  return { tried: counted.tried, caught: counted.caught, equivalent, gaps: left.length - equivalent, unexplained };
}

export const sharesOfAll = (report: MutationReport): Shares => sharesOf(report, report.survivors);

export const sharesByFolder = ({ folders, survivors }: MutationReport): [string, Shares][] =>
  Object.entries(folders).map(([name, counted]) => {
    const left = survivors.filter((s) => s.file.startsWith(`${name}/`));
    return [name, sharesOf(counted, left)];
  });

const percent = (part: number, whole: number): string => ((100 * part) / Math.max(1, whole)).toFixed(1);

export const caughtOfAll = ({ caught, tried }: Shares): string => percent(caught, tried);
/** Of those that somebody could catch. */
export const caughtOfTellable = ({ caught, tried, equivalent }: Shares): string => percent(caught, tried - equivalent);
