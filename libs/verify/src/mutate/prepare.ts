/**
 * The recorded worlds made ready for mutants: parsed, without what disagrees already, and for each place the packets to ask,
 * those that run through it.
 */
import { readCorpus } from '../corpus/corpus.ts';
import { isFixtureId } from '../world/fixture.ts';
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

/** @param mostRandom packets of random worlds for one mutant: who survives these, and the fixtures, would survive most others */
export async function prepare(
  corpora: readonly string[],
  folder: string,
  mostRandom: number,
  isChosen: (mutant: Mutant) => boolean,
): Promise<Prepared> {
  const all = allMutants();
  const chosen = [...all.entries()].filter(([, mutant]) => isChosen(mutant));
  readWithSwitches(MODEL, all);
  // Only now may the model be read.
  const { isTold, modelOfStored, store, storedOf } = await import('./stored.ts');
  const atLoad = takeReached();
  const asksOf = new Map<number, Ask[]>(chosen.map(([number]) => [number, []]));
  const fixtures = new Set<number>();
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
      if (isFixtureId(stored.id)) fixtures.add(world);
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
  const trials = chosen.map(([number, mutant]) => {
    const asks = fewer(asksOf.get(number) ?? [], mostRandom, (world) => fixtures.has(world));
    return { number, mutant, asks };
  });
  return {
    worlds,
    flows,
    constants: trials.filter(({ number }) => atLoad.has(number)),
    others: trials.filter(({ number }) => !atLoad.has(number)),
  };
}

/**
 * All packets of fixtures: each of them is there for something. Of random worlds the same number of each, spread over it; of
 * some of them only, if they are many.
 */
function fewer(asks: readonly Ask[], mostRandom: number, isFixture: (world: number) => boolean): readonly Ask[] {
  const fixtures = asks.filter((ask) => isFixture(ask.world));
  const random = asks.filter((ask) => !isFixture(ask.world));
  const each = Math.max(2, Math.ceil(mostRandom / Math.max(1, random.length)));
  const worlds = spread(random, Math.ceil(mostRandom / each));
  return [...fixtures, ...worlds.map(({ world, flows }) => ({ world, flows: spread(flows, each) }))];
}

function spread<T>(all: readonly T[], most: number): readonly T[] {
  const step = Math.max(1, all.length / most);
  return all.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}
