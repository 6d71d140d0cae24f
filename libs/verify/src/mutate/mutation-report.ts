/** What a mutation run says. Plain data, kept as docs/fidelity/mutants.json. */
import { explanationOf } from './explained/index.ts';
import type { Mutant } from './mutants.ts';

export interface MutantFate {
  readonly mutant: Mutant;
  /** `not-reached`: no recorded flow runs through its place. It counts as not caught. */
  readonly fate: 'caught' | 'survived' | 'not-reached';
  /** World and flow that told it from the model, or how it failed. */
  readonly by: string;
}

export interface Survivor {
  readonly file: string;
  readonly line: number;
  /** Of the file: tells places of one line apart. */
  readonly start: number;
  readonly code: string;
  readonly kind: Mutant['kind'];
  readonly was: string;
  readonly replacement: string;
  readonly reached: boolean;
}

/** An explanation calls it the same model in other words, and a packet has told it from the model: the explanation is wrong. */
export interface Contradicted extends Survivor {
  readonly by: string;
}

export interface MutationReport {
  /** Of the sample, if fewer were tried than are possible. */
  readonly seed: number;
  /** Packets of random worlds for one mutant, at most. */
  readonly random: number;
  /** Of the corpus. */
  readonly worlds: number;
  readonly flows: number;
  /** All mutants of the files in question. */
  readonly possible: number;
  /** Processes that tried them, and how long all of it took. */
  readonly workers: number;
  readonly seconds: number;
  /** What was otherwise in this run, in a sentence. */
  readonly remark?: string;
  readonly tried: number;
  readonly caught: number;
  readonly folders: Readonly<Record<string, { readonly tried: number; readonly caught: number }>>;
  readonly survivors: readonly Survivor[];
  /** Absent: none. */
  readonly contradicted?: readonly Contradicted[];
}

const MOST_TEXT = 100;
const brief = (text: string): string => text.replace(/\s+/g, ' ').slice(0, MOST_TEXT);

export const survivorOf = (
  { file, line, start, code, kind, was, replacement }: Mutant,
  reached: boolean,
): Survivor => ({
  file,
  line,
  start,
  code: brief(code),
  kind,
  was: brief(was),
  replacement: brief(replacement),
  reached,
});

export function reportOf(run: {
  readonly seed: number;
  readonly random: number;
  readonly worlds: number;
  readonly flows: number;
  readonly possible: number;
  readonly workers: number;
  readonly seconds: number;
  readonly fates: readonly MutantFate[];
}): MutationReport {
  const { fates, ...rest } = run;
  const folders: Record<string, { tried: number; caught: number }> = {};
  for (const { mutant, fate } of fates) {
    const name = mutant.file.split('/')[0] ?? '';
    folders[name] ??= { tried: 0, caught: 0 };
    const count = folders[name];
    count.tried++;
    if (fate === 'caught') count.caught++;
  }
  const contradicted = fates
    .filter(({ fate }) => fate === 'caught')
    .map(({ mutant, by }) => ({ ...survivorOf(mutant, true), by }))
    .filter((caught) => explanationOf(caught)?.is === 'equivalent')
    .sort(inOrder);
  const survivors = fates
    .filter(({ fate }) => fate !== 'caught')
    .map(({ mutant, fate }) => survivorOf(mutant, fate === 'survived'))
    .sort(inOrder);
  return {
    ...rest,
    tried: fates.length,
    caught: fates.length - survivors.length,
    folders: Object.fromEntries(Object.entries(folders).sort(([a], [b]) => (a < b ? -1 : 1))),
    survivors,
    ...(contradicted.length === 0 ? {} : { contradicted }),
  };
}

const inOrder = (a: Survivor, b: Survivor): number =>
  a.file < b.file ? -1 : a.file > b.file ? 1 : a.start - b.start || (a.replacement < b.replacement ? -1 : 1);
