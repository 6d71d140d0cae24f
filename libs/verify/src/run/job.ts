/** What a worker is told to do. */
export interface WorkerJob {
  readonly seed: number;
  readonly flows: number;
  readonly worker: number;
  readonly workers: number;
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

export const FLOWS_PER_WORLD = 25;
