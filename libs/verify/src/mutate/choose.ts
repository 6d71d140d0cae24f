/** A sample that is even over the model's files: each gives one, then each a second, until there are enough. */
import type { Random } from '../generate/random.ts';
import type { Mutant } from './mutants.ts';

export function chooseEvenly(all: readonly Mutant[], most: number, random: Random): Mutant[] {
  const files = new Map<string, Mutant[]>();
  for (const mutant of all) files.set(mutant.file, [...(files.get(mutant.file) ?? []), mutant]);
  const queues = [...files.values()].map((mutants) => random.some(mutants, mutants.length));
  const chosen: Mutant[] = [];
  for (let round = 0; chosen.length < most && queues.some((queue) => queue.length > round); round++)
    for (const mutant of random.some(
      queues.flatMap((queue) => queue.slice(round, round + 1)),
      queues.length,
    ))
      if (chosen.length < most) chosen.push(mutant);
  return chosen;
}
