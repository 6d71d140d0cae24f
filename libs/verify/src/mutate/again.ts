/** An earlier run and one of what it left, on other worlds, put together. */
import type { Mutant } from './mutants.ts';
import type { MutationReport, Survivor } from './mutation-report.ts';

type Place = Pick<Mutant & Survivor, 'file' | 'start' | 'replacement'>;
const MOST_TEXT = 100;
/** Reports keep the beginning of what is long. */
export const placeOf = ({ file, start, replacement }: Place): string =>
  `${file} ${start} ${replacement.replace(/\s+/g, ' ').slice(0, MOST_TEXT)}`;

export function stillOpen(all: readonly Mutant[], earlier: MutationReport): Mutant[] {
  if (earlier.tried !== all.length)
    throw new Error(
      `the earlier run tried ${earlier.tried} mutants, and there are ${all.length}: it was a part, or another model`,
    );
  const open = new Set(earlier.survivors.map(placeOf));
  const found = all.filter((mutant) => open.has(placeOf(mutant)));
  if (found.length !== earlier.survivors.length) throw new Error('the earlier run was of another model');
  return found;
}

/** @param later of what `earlier` left, on worlds that were not in it */
export function together(earlier: MutationReport, later: MutationReport): MutationReport {
  const reached = new Set(earlier.survivors.filter((s) => s.reached).map(placeOf));
  const survivors = later.survivors.map((s) => ({ ...s, reached: s.reached || reached.has(placeOf(s)) }));
  const caughtIn = (folder: string): number => later.folders[folder]?.caught ?? 0;
  const contradicted = [...(earlier.contradicted ?? []), ...(later.contradicted ?? [])];
  return {
    ...earlier,
    random: later.random,
    worlds: earlier.worlds + later.worlds,
    flows: earlier.flows + later.flows,
    seconds: earlier.seconds + later.seconds,
    caught: earlier.caught + later.caught,
    folders: Object.fromEntries(
      Object.entries(earlier.folders).map(([name, f]) => [name, { ...f, caught: f.caught + caughtIn(name) }]),
    ),
    survivors,
    ...(contradicted.length === 0 ? {} : { contradicted }),
  };
}
