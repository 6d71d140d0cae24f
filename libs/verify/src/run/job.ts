/** What a worker is told to do. */
import type { PlannedWorld } from './plan.ts';

export interface WorkerJob {
  readonly seed: number;
  readonly flows: number;
  readonly worker: number;
  /** Its share of the run's. */
  readonly worlds: readonly PlannedWorld[];
  /** A feature that decided this often is no longer asked whether it decides. */
  readonly enough: number;
  readonly shrink: boolean;
  /** File for the judged worlds; null: none. */
  readonly record: string | null;
  readonly progress?: (done: WorldDone) => void;
}

/** Told after each world. */
export interface WorldDone {
  readonly flows: number;
  readonly disagreements: number;
}
