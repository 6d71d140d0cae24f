/** Which worlds a run takes: those of its seed in their order, until they hold as many packets as were asked for. */
import { generate } from '../generate/generate.ts';

export interface PlannedWorld {
  readonly index: number;
  /** How many packets it is asked for: some worlds hold a few less or more. */
  readonly flows: number;
}

export const FLOWS_PER_WORLD = 25;

type Held = (world: PlannedWorld) => number;

/** `held`: how many packets a world holds. */
export function planOf(
  seed: number,
  flows: number,
  held: Held = ({ index, flows: asked }) => generate(seed, index, asked).flows.length,
): readonly PlannedWorld[] {
  const plan: PlannedWorld[] = [];
  for (let index = 0; index * FLOWS_PER_WORLD < flows; index++)
    plan.push({ index, flows: Math.min(FLOWS_PER_WORLD, flows - index * FLOWS_PER_WORLD) });
  let missing = flows - plan.reduce((sum, world) => sum + held(world), 0);
  // What the others are short of, the next ones make up for.
  while (missing > 0) {
    const next = { index: plan.length, flows: Math.min(FLOWS_PER_WORLD, missing) };
    plan.push(next);
    missing -= held(next);
  }
  return plan;
}
