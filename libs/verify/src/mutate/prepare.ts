/**
 * The recorded worlds made ready for mutants: parsed, without what disagrees already, and for each place the packets to ask,
 * those that run through it.
 */
import { readCorpus } from '../corpus/corpus.ts';
import { allMutants, MODEL } from './all-mutants.ts';
import type { Mutant } from './mutants.ts';
import { takeReached } from './switchboard.ts';
import { readWithSwitches } from './switched-model.ts';
import type { Ask, Trial } from './trial.ts';

export interface Prepared {
  readonly worlds: number;
  readonly flows: number;
  /** Of what is run while the model is read: for the model read anew. */
  readonly constants: readonly Trial[];
  readonly others: readonly Trial[];
}

/** Enough packets, from as many worlds as there are: who survives them would survive many more. */
const MOST_FLOWS = 1500;
/** All packets of a world as small as a fixture are asked: each of them is there for something. */
const FEW = 40;

/** @param isChosen of a mutant and its number, among all of the model */
export async function prepare(
  corpora: readonly string[],
  folder: string,
  isChosen: (mutant: Mutant) => boolean,
): Promise<Prepared> {
  const all = allMutants();
  const chosen = [...all.entries()].filter(([, mutant]) => isChosen(mutant));
  readWithSwitches(MODEL, all);
  // Only now may the model be read.
  const { isTold, modelOfStored, store, storedOf } = await import('./stored.ts');
  const atLoad = takeReached();
  const asksOf = new Map<number, Ask[]>(chosen.map(([number]) => [number, []]));
  let flows = 0;
  let worlds = 0;
  for (const corpus of corpora)
    for await (const recorded of readCorpus(corpus)) {
      const stored = storedOf(recorded);
      const built = modelOfStored(stored);
      const told: (typeof stored.flows)[number][] = [];
      const reached: ReadonlySet<number>[] = [];
      // What is compiled and kept is run for the first packet alone: that one counts even if it is not asked.
      let first: ReadonlySet<number> | null = null;
      for (const flow of stored.flows) {
        const agrees = isTold(built, flow);
        const of = takeReached();
        first ??= of;
        if (!agrees) continue;
        told.push(flow);
        reached.push(of);
      }
      if (told.length === 0) continue;
      const world = worlds++;
      store(folder, world, { ...stored, flows: told });
      flows += told.length;
      const every = told.map((_, index) => index);
      for (const [number, asks] of asksOf) {
        const direct = atLoad.has(number) ? every : every.filter((index) => reached[index]?.has(number));
        const kept = direct.length <= 1 && first?.has(number) ? every : direct;
        if (kept.length > 0) asks.push({ world, flows: kept });
      }
      process.stderr.write(`\r${worlds} worlds, ${flows} flows`);
    }
  process.stderr.write('\n');
  const trials = chosen.map(([number, mutant]) => ({ number, mutant, asks: fewer(asksOf.get(number) ?? []) }));
  return {
    worlds,
    flows,
    constants: trials.filter(({ number }) => atLoad.has(number)),
    others: trials.filter(({ number }) => !atLoad.has(number)),
  };
}

/** The same number of each world's that has many, spread over them; in the order they were recorded. */
function fewer(asks: readonly Ask[]): readonly Ask[] {
  const each = Math.max(3, Math.ceil(MOST_FLOWS / Math.max(1, asks.length)));
  return asks.map(({ world, flows }) => {
    if (flows.length <= Math.max(each, FEW)) return { world, flows };
    const step = flows.length / each;
    return { world, flows: Array.from({ length: each }, (_, i) => flows[Math.floor(i * step)] ?? 0) };
  });
}
