/**
 * What is taken back of the probes so that agent and sidecar stay within their budget, and when it is given back. First the busiest probe
 * looks at one of eight events, then of sixty-four, then it is off, then the next. What was taken last is given back first, after a calm time
 * that doubles when it had to be taken again soon. Pure: the clock and the numbers come from outside.
 */
import type { Restraint } from '../control/probe-control.ts';

export interface Limits {
  /** Of one core. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
}

export interface Look {
  readonly atMs: number;
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  /** Of the probes that are on: events and values a second. */
  readonly rates: ReadonlyMap<string, number>;
}

export interface Measure {
  readonly probe: string;
  readonly restraint: Restraint;
  readonly before: Restraint | null;
  readonly sinceMs: number;
}

export interface Step {
  readonly kind: 'taken' | 'given back';
  readonly measure: Measure;
  readonly reason: 'CPU_BUDGET' | 'MEMORY_BUDGET';
}

const FACTORS = [8, 64];
/** One look may be an accident. */
const OVER_LOOKS = 2;
/** What the probes count is told a window later than what it costs: so often nothing is taken for want of rates to go by. */
const BLIND_LOOKS = 3;
/** Below this share of the limits it is calm. */
const CALM = 0.6;
/** For so long, before something is given back. */
const CALM_MS = 30_000;
/** In calm times: the longest that it may have to be, and how soon what must be taken again was given back too early. */
const MOST_CALM = 20;
const SOON = 2;
/** Without any rate to go by: what runs most often goes first. */
const DEAREST = [
  'softirq',
  'receive',
  'transmit',
  'sockets',
  'dns',
  'windows',
  'connects',
  'drops',
  'resets',
  'connections',
];

export class Measures {
  readonly #limits: Limits;
  readonly #taken: Measure[] = [];
  #over = 0;
  #blind = 0;
  #calmSinceMs: number | null = null;
  readonly #firstCalmMs: number;
  #calmMs: number;
  #givenBackMs = Number.NEGATIVE_INFINITY;
  #reason: Step['reason'] = 'CPU_BUDGET';

  constructor(limits: Limits, calmMs = CALM_MS) {
    this.#limits = limits;
    this.#firstCalmMs = calmMs;
    this.#calmMs = calmMs;
  }

  look(look: Look): Step | null {
    const cpu = look.cpuPercent / this.#limits.cpuPercent;
    const memory = look.memoryBytes / this.#limits.memoryBytes;
    if (cpu > 1 || memory > 1) {
      this.#calmSinceMs = null;
      if (++this.#over < OVER_LOOKS) return null;
      this.#reason = cpu > 1 ? 'CPU_BUDGET' : 'MEMORY_BUDGET';
      if (memory <= 1 && this.#waitsForRates(look)) return null;
      this.#over = 0;
      this.#blind = 0;
      return this.#take(look);
    }
    this.#over = 0;
    this.#blind = 0;
    if (cpu > CALM || memory > Math.max(CALM, 0.95)) {
      this.#calmSinceMs = null;
      return null;
    }
    this.#calmSinceMs ??= look.atMs;
    if (look.atMs - this.#calmSinceMs < this.#calmMs) return null;
    const measure = this.#taken.pop();
    if (measure === undefined) {
      this.#calmMs = this.#firstCalmMs;
      return null;
    }
    this.#calmSinceMs = look.atMs;
    this.#givenBackMs = look.atMs;
    return { kind: 'given back', measure, reason: this.#reason };
  }

  #waitsForRates({ rates }: Look): boolean {
    return [...rates.values()].every((rate) => rate === 0) && ++this.#blind <= BLIND_LOOKS;
  }

  #take({ atMs, rates }: Look): Step | null {
    const now = this.restraints();
    const on = [...rates].filter(([probe]) => now.get(probe) !== 'off');
    const byRate = on.filter(([, rate]) => rate > 0).sort((x, y) => y[1] - x[1]);
    const probe = byRate[0]?.[0] ?? DEAREST.find((name) => on.some(([other]) => other === name)) ?? on[0]?.[0];
    if (probe === undefined) return null; // nothing is left to take
    const before = now.get(probe) ?? null;
    const factor = before === null ? 1 : before === 'off' ? 0 : before.oneIn;
    const next =
      this.#reason === 'MEMORY_BUDGET' || byRate.length === 0 ? undefined : FACTORS.find((one) => one > factor);
    const measure = {
      probe,
      restraint: next === undefined ? ('off' as const) : { oneIn: next },
      before,
      sinceMs: atMs,
    };
    this.#taken.push(measure);
    if (atMs - this.#givenBackMs < SOON * this.#firstCalmMs)
      this.#calmMs = Math.min(this.#calmMs * 2, MOST_CALM * this.#firstCalmMs);
    return { kind: 'taken', measure, reason: this.#reason };
  }

  /** The last word on each probe. */
  restraints(): Map<string, Restraint> {
    return new Map(this.#taken.map(({ probe, restraint }) => [probe, restraint]));
  }

  taken(): readonly Measure[] {
    return this.#taken;
  }
}
