/**
 * The recorded worlds made ready for mutants: parsed, without what disagrees already, and for each place the packets to ask,
 * those that run through it.
 */
import { readCorpus } from '../corpus/corpus.ts';
import type { Mutant } from './mutants.ts';
import { type Reached, startCoverage } from './reached.ts';
import type { Ask } from './replay.ts';

export interface Prepared {
  readonly flows: number;
  /** Of each chosen mutant; empty: no packet runs through its place. */
  readonly askedOf: ReadonlyMap<Mutant, readonly Ask[]>;
}

/** Enough packets, from as many worlds as there are: who survives them would survive many more. */
const MOST_FLOWS = 800;

export async function prepare(
  model: string,
  corpora: readonly string[],
  folder: string,
  chosen: readonly Mutant[],
): Promise<Prepared> {
  const coverage = await startCoverage(model);
  // Only now is the model read: what runs while it is, tables and constants, is counted as well.
  const { isTold, modelOfStored, store, storedOf } = await import('./stored.ts');
  const atLoad = await coverage.take();
  const constants = new Set(chosen.filter((m) => atLoad(m.file, m.start)));
  const reaching = new Map<Mutant, Ask[]>(chosen.map((m) => [m, []]));
  let flows = 0;
  let worlds = 0;
  for (const corpus of corpora)
    for await (const recorded of readCorpus(corpus)) {
      const stored = storedOf(recorded);
      const built = modelOfStored(stored);
      const told: (typeof stored.flows)[number][] = [];
      const reached: Reached[] = [];
      // What is compiled and kept is run for the first packet alone: that one counts even if it is not asked.
      let first: Reached | null = null;
      for (const some of inGroups(stored.flows)) {
        const agreeing = some.filter((flow) => isTold(built, flow));
        const of = await coverage.take();
        first ??= of;
        for (const flow of agreeing) {
          told.push(flow);
          reached.push(of);
        }
      }
      if (told.length === 0) continue;
      const world = worlds++;
      store(folder, world, { ...stored, flows: told });
      flows += told.length;
      const every = told.map((_, index) => index);
      for (const [mutant, asks] of reaching) {
        const runs = (of: Reached | undefined | null): boolean => of?.(mutant.file, mutant.start) ?? false;
        const direct = constants.has(mutant) ? every : every.filter((index) => runs(reached[index]));
        const kept = direct.length <= 1 && runs(first) ? every : direct;
        if (kept.length > 0) asks.push({ world, flows: kept });
      }
      process.stderr.write(`\r${worlds} worlds, ${flows} flows`);
    }
  await coverage.stop();
  process.stderr.write('\n');
  return { flows, askedOf: new Map([...reaching].map(([mutant, asks]) => [mutant, fewer(asks)])) };
}

/** To ask what was run takes longer than the packet does: it is asked of a few at once. */
const TOGETHER = 5;

function inGroups<T>(flows: readonly T[]): T[][] {
  const groups = [flows.slice(0, 1)];
  for (let at = 1; at < flows.length; at += TOGETHER) groups.push(flows.slice(at, at + TOGETHER));
  return groups;
}

/** The same number of each world's, spread over them; small worlds first. */
function fewer(asks: readonly Ask[]): readonly Ask[] {
  const each = Math.max(2, Math.ceil(MOST_FLOWS / Math.max(1, asks.length)));
  const sampled = asks.map(({ world, flows }) => {
    const step = Math.max(1, flows.length / each);
    const count = Math.min(each, flows.length);
    return { world, flows: Array.from({ length: count }, (_, i) => flows[Math.floor(i * step)] ?? 0) };
  });
  return sampled.sort((a, b) => b.flows.length - a.flows.length || a.world - b.world);
}
