/**
 * Which mutant is on. Every place that could be turned round asks here each time it is run (switches.ts writes the question
 * there), so this also knows which places were run, and when a mutant has the model run in circles.
 */

/** The packets of a recorded flow ask some ten thousand times. */
const MOST_QUESTIONS = 20_000_000;

let on: number | null = null;
let most = MOST_QUESTIONS;
let questions = 0;
let reached = new Set<number>();

class InCircles extends Error {
  constructor() {
    super('it ran in circles');
  }
}

export function turned(number: number): boolean {
  if (on === null) {
    reached.add(number);
    return false;
  }
  if (++questions > most) throw new InCircles();
  return on === number;
}

/** null: the model as it is. Counting begins anew. */
export function turn(number: number | null, mostQuestions = MOST_QUESTIONS): void {
  on = number;
  most = mostQuestions;
  questions = 0;
}

/** The places that were run since the last time. */
export function takeReached(): ReadonlySet<number> {
  const taken = reached;
  reached = new Set();
  return taken;
}
