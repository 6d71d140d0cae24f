/** One question to the world: what becomes of this flow? All its fates, with their traces. */
import type { Flow, Need } from '@netverdict/linux-net';
import type { Branch, Shares, Trace } from '@netverdict/verdict';
import type { Stop } from './walk/stop.ts';
import type { World } from './world/world.ts';

export interface EvaluateOptions {
  /** Most branches that are followed; what is left is reported as `unexamined`. Default 256. */
  readonly maxBranches?: number;
}

export interface EvaluatedBranch {
  readonly branch: Branch;
  /** Why it ended; null when the packet and its reply arrived. */
  readonly stop: Stop | null;
}

export interface Evaluation {
  readonly trace: Trace;
  readonly branches: readonly EvaluatedBranch[];
  /** What the world lacked; the branches that met it ended in insufficient-info. */
  readonly needs: readonly Need[];
  readonly shares: Shares;
  readonly unexamined: number;
}

export function evaluate(_world: World, _flow: Flow, _options: EvaluateOptions = {}): Evaluation {
  throw new Error('not yet');
}
