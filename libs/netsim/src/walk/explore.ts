/** All the ways a flow can go: runs again with other answers, the likeliest first, until a budget is used up. */
import type { Flow } from '@netverdict/linux-net';
import type { World } from '../world/world.ts';
import type { ChoicePoint } from './choices.ts';
import { run } from './run.ts';
import type { Stop } from './stop.ts';
import type { Walk } from './walk.ts';

export interface Run {
  readonly walk: Walk;
  readonly stop: Stop | null;
  readonly points: readonly ChoicePoint[];
}

interface Pending {
  readonly prefix: readonly number[];
  /** Where a share is not known, as if all ways were as likely: for the order only. */
  readonly weight: number;
}

export function explore(world: World, flow: Flow, maxBranches: number): readonly Run[] {
  const runs: Run[] = [];
  const pending: Pending[] = [{ prefix: [], weight: 1 }];
  while (pending.length > 0 && runs.length < maxBranches) {
    const { prefix } = takeHeaviest(pending);
    const { walk, stop } = run(world, flow, prefix);
    const { points } = walk.choices;
    runs.push({ walk, stop, points });
    let weight = 1;
    points.forEach((point, depth) => {
      const weightOf = (option: number): number => point.options[option]?.share ?? 1 / point.options.length;
      if (depth >= prefix.length)
        point.options.forEach((_, option) => {
          if (option !== point.taken)
            pending.push({
              prefix: [...points.slice(0, depth).map((p) => p.taken), option],
              weight: weight * weightOf(option),
            });
        });
      weight *= weightOf(point.taken);
    });
  }
  return runs.sort(inOrderOfChoice);
}

function takeHeaviest(pending: Pending[]): Pending {
  let best = 0;
  pending.forEach((p, i) => {
    if (p.weight > (pending[best]?.weight ?? 0)) best = i;
  });
  return pending.splice(best, 1)[0] as Pending;
}

/** The order that a depth-first walk would give: the order of the rules. */
function inOrderOfChoice(a: Run, b: Run): number {
  for (let i = 0; i < Math.min(a.points.length, b.points.length); i++) {
    const difference = (a.points[i]?.taken ?? 0) - (b.points[i]?.taken ?? 0);
    if (difference !== 0) return difference;
  }
  return a.points.length - b.points.length;
}
