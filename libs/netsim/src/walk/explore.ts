/** All the ways a flow can go: runs again with other answers, the likeliest first, until a budget is used up. */
import type { Flow } from '@netverdict/linux-net';
import type { World } from '../world/world.ts';
import { Allowance, type Budget } from './budget.ts';
import type { ChoicePoint } from './choices.ts';
import { HeaviestFirst } from './heaviest-first.ts';
import type { Lens } from './lens.ts';
import { run } from './run.ts';
import type { Stop } from './stop.ts';
import type { Manner, Walk } from './walk.ts';

export interface Run {
  readonly walk: Walk;
  readonly stop: Stop | null;
  readonly points: readonly ChoicePoint[];
}

/** The answers of `points` up to `depth`, and there `option`. */
interface Pending {
  readonly points: readonly ChoicePoint[];
  readonly depth: number;
  readonly option: number;
  /** Where a share is not known, as if all ways were as likely: for the order only. */
  readonly weight: number;
}

/** Runs that the budget broke off are not among them: their way is missing, which `summarize` counts as unexamined. */
export function explore(
  world: World,
  flow: Flow,
  maxBranches: number,
  budget: Budget,
  lens: Lens | null,
  manner: Partial<Manner> = {},
): readonly Run[] {
  const runs: Run[] = [];
  const pending = new HeaviestFirst<Pending>();
  pending.push({ points: [], depth: -1, option: 0, weight: 1 });
  for (let tried = 0; tried < maxBranches && !budget.exhausted; tried++) {
    const from = pending.take();
    if (!from) break;
    const prefix = from.depth < 0 ? [] : [...from.points.slice(0, from.depth).map((p) => p.taken), from.option];
    const { walk, stop, abandoned } = run(world, flow, prefix, new Allowance(budget), lens, manner);
    const { points } = walk.choices;
    if (!abandoned) runs.push({ walk, stop, points });
    let weight = 1;
    for (let depth = 0; depth < points.length; depth++) {
      const { options, taken } = points[depth] as ChoicePoint;
      const weightOf = (option: number): number => options[option]?.share ?? 1 / options.length;
      if (depth >= prefix.length)
        for (let option = 0; option < options.length; option++)
          if (option !== taken) pending.push({ points, depth, option, weight: weight * weightOf(option) });
      weight *= weightOf(taken);
    }
  }
  return runs.sort(inOrderOfChoice);
}

/** The order that a depth-first walk would give: the order of the rules. */
function inOrderOfChoice(a: Run, b: Run): number {
  for (let i = 0; i < Math.min(a.points.length, b.points.length); i++) {
    const difference = (a.points[i]?.taken ?? 0) - (b.points[i]?.taken ?? 0);
    if (difference !== 0) return difference;
  }
  return a.points.length - b.points.length;
}
