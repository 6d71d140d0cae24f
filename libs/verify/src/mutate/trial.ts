/** What is asked of a process that tries mutants, and what it answers. */
import type { Modelled } from '../model/world.ts';
import type { Mutant } from './mutants.ts';
import type { StoredWorld } from './stored.ts';

export interface Ask {
  readonly world: number;
  /** Positions in it. */
  readonly flows: readonly number[];
}

export interface Trial {
  /** Among all mutants (all-mutants.ts). */
  readonly number: number;
  readonly mutant: Mutant;
  readonly asks: readonly Ask[];
}

export interface Fate {
  readonly fate: 'caught' | 'survived' | 'not-reached';
  /** World and flow that told it from the model, or how it failed. */
  readonly by: string;
  /** Models that were read before stay in memory. */
  readonly heapBytes: number;
}

/** The recorded worlds, and the model that is asked about them (stored.ts, as it was read for the trial). */
export interface Asked<World extends Worldlike = StoredWorld, Model = Modelled> {
  load(folder: string, index: number): World;
  modelOfStored(world: World): Model;
  isTold(model: Model, flow: World['flows'][number]): boolean;
}

interface Worldlike {
  readonly id: string;
  readonly flows: readonly { readonly flow: { readonly id: string } }[];
}

/**
 * The first packet whose answer is not what the kernel did. Each world is loaded anew: what the model keeps in mind beside
 * its parts must not come from another mutant.
 */
export function fateOf<World extends Worldlike, Model>(
  asks: readonly Ask[],
  folder: string,
  asked: Asked<World, Model>,
  before: () => void,
): Omit<Fate, 'heapBytes'> {
  try {
    for (const ask of asks) {
      before();
      const world = asked.load(folder, ask.world);
      const model = asked.modelOfStored(world);
      for (const index of ask.flows) {
        const flow = world.flows[index];
        before();
        if (flow && !asked.isTold(model, flow)) return { fate: 'caught', by: `${world.id} ${flow.flow.id}` };
      }
    }
    return { fate: 'survived', by: '' };
  } catch (error) {
    return { fate: 'caught', by: `${error instanceof Error ? error.message.split('\n')[0] : String(error)}` };
  }
}

/** Answers trials until its parent ends it. */
export function answerTrials(fate: (trial: Trial) => Omit<Fate, 'heapBytes'> | Promise<Omit<Fate, 'heapBytes'>>): void {
  const answer = async (trial: Trial): Promise<void> => {
    process.send?.({ ...(await fate(trial)), heapBytes: process.memoryUsage().rss });
  };
  process.on('message', (trial: Trial) => void answer(trial));
}
