/** What became of the messages that this process has consumed, and how long each took: for its metrics. */
import type { MessageName } from '@netverdict/contracts';

/** again: given back, to be delivered once more; dead: put away as a dead letter. */
export type Outcome = 'done' | 'again' | 'dead';

/** Upper bounds in seconds. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

export interface Handled {
  readonly message: MessageName;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** How many took at most so many seconds. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
  readonly count: number;
  readonly seconds: number;
}

export class HandledTally {
  readonly #of = new Map<MessageName, { outcomes: Record<Outcome, number>; below: number[]; seconds: number }>();

  note(message: MessageName, outcome: Outcome, seconds: number): void {
    let entry = this.#of.get(message);
    if (entry === undefined) {
      entry = { outcomes: { done: 0, again: 0, dead: 0 }, below: BOUNDS.map(() => 0), seconds: 0 };
      this.#of.set(message, entry);
    }
    entry.outcomes[outcome] += 1;
    entry.seconds += seconds;
    for (const [i, le] of BOUNDS.entries()) if (seconds <= le) entry.below[i] = (entry.below[i] ?? 0) + 1;
  }

  list(): Handled[] {
    return [...this.#of].map(([message, { outcomes, below, seconds }]) => ({
      ...{ message, outcomes: { ...outcomes }, seconds },
      buckets: BOUNDS.map((le, i) => ({ le, count: below[i] ?? 0 })),
      count: outcomes.done + outcomes.again + outcomes.dead,
    }));
  }
}
