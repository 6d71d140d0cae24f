/** The recorded worlds made ready for mutants: parsed, without what disagrees already, and which of them run through which place. */
import { readCorpus } from '../corpus/corpus.ts';
import type { Mutant } from './mutants.ts';
import { startCoverage } from './reached.ts';

export interface Prepared {
  readonly flows: number;
  /** Of each chosen mutant, the worlds that run through its place; those that few mutants share come first. */
  readonly worldsOf: ReadonlyMap<Mutant, readonly number[]>;
}

export async function prepare(
  model: string,
  corpora: readonly string[],
  folder: string,
  chosen: readonly Mutant[],
): Promise<Prepared> {
  const coverage = await startCoverage(model);
  // Only now is the model read: what runs while it is, tables and constants, is counted as well.
  const { agreeing, store, storedOf } = await import('./stored.ts');
  const atLoad = await coverage.take();
  const constants = new Set(chosen.filter((m) => atLoad(m.file, m.start)));
  const reaching = new Map<Mutant, number[]>(chosen.map((m) => [m, []]));
  let flows = 0;
  let worlds = 0;
  for (const corpus of corpora)
    for await (const recorded of readCorpus(corpus)) {
      const world = agreeing(storedOf(recorded));
      const reached = await coverage.take();
      if (world.flows.length === 0) continue;
      const index = worlds++;
      store(folder, index, world);
      flows += world.flows.length;
      for (const [mutant, list] of reaching)
        if (constants.has(mutant) || reached(mutant.file, mutant.start)) list.push(index);
      process.stderr.write(`\r${worlds} worlds, ${flows} flows`);
    }
  await coverage.stop();
  const rarity = new Map<number, number>();
  for (const list of reaching.values())
    for (const index of list) rarity.set(index, (rarity.get(index) ?? 0) + 1 / list.length);
  for (const list of reaching.values()) list.sort((a, b) => (rarity.get(b) ?? 0) - (rarity.get(a) ?? 0));
  process.stderr.write('\n');
  return { flows, worldsOf: reaching };
}
