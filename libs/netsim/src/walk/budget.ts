/**
 * How much one diagnosis may cost, counted in work and not in time, so that the same question gets the same answer on
 * any machine. What the budget does not reach is `unexamined`: nothing is concluded from where a walk was broken off.
 */

/** Units of work: about as long as each takes, and what it keeps in memory. */
export const COST = {
  /** A rule that is looked at. */
  rule: 1,
  /** A step of the trace. */
  step: 10,
  /** A stage that the packet passes: a device, a hook, a lookup. */
  stage: 20,
} as const;

/** A path of two nodes with tunnels takes about 2000 there and back, a hook of 10,000 rules 10,000. */
export const DEFAULT_MAX_WORK = 2_000_000;

/**
 * Of one run. The kernel's own limits (TTL, transmit recursion) end a packet long before; what is left are rulesets of which
 * one packet meets too many rules.
 */
const MAX_WORK_OF_RUN = 500_000;

/** Times that one run's way parts: a Service has one for each of its endpoints. */
const MAX_CHOICES_OF_RUN = 512;

export class Budget {
  readonly #max: number;
  #spent = 0;

  constructor(maxWork: number) {
    this.#max = maxWork;
  }

  get spent(): number {
    return this.#spent;
  }

  get exhausted(): boolean {
    return this.#spent >= this.#max;
  }

  spend(units: number): void {
    this.#spent += units;
  }
}

/** What one run may take of it. */
export class Allowance {
  readonly #budget: Budget;
  #spent = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  spend(units: number): void {
    this.#spent += units;
    this.#budget.spend(units);
  }

  get spent(): number {
    return this.#spent;
  }

  /** The run is to be abandoned. */
  exhausted(choices: number): boolean {
    return this.#budget.exhausted || this.#spent >= MAX_WORK_OF_RUN || choices > MAX_CHOICES_OF_RUN;
  }
}
