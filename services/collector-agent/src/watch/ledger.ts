/** What has become of all that the probes counted, since the agent's start. Pure. */
import type { ProbeLedger } from '@netverdict/contracts';
import { probeOf } from './probes.ts';
import type { ProbeCounters } from './records.ts';
import type { Window } from './windows.ts';

/** Of windows, since the agent's start. */
interface Told {
  reported: number;
  elsewhere: number;
  lostBefore: number;
}

const KERNEL = ['seen', 'filtered', 'sampledAway', 'aggregated', 'coarse', 'lost', 'missed'] as const;
type Kernel = Record<(typeof KERNEL)[number], number>;
const nothing = (): Kernel => ({ seen: 0, filtered: 0, sampledAway: 0, aggregated: 0, coarse: 0, lost: 0, missed: 0 });

export class WatchLedger {
  /** Of this life of the sidecar; its counters begin anew with each. */
  #now: readonly ProbeCounters[] = [];
  readonly #ended = new Map<number, Kernel>();
  readonly #told = new Map<number, Told>();

  /** All of the window has become anomalies. */
  told(window: Window, relevant: (netns: number) => boolean): void {
    this.#now = window.counters;
    for (const { key, count } of window.aggregates)
      this.#of(key.probe)[relevant(key.netns) ? 'reported' : 'elsewhere'] += count;
  }

  /** Nothing of the window has become anything. */
  untold(window: Window): void {
    this.#now = window.counters;
    for (const { key, count } of window.aggregates) this.#of(key.probe).lostBefore += count;
  }

  /** The sidecar has ended, and with it the tables in the kernel: what it had not taken out of them is lost. */
  ended(): void {
    for (const counters of this.#now) {
      this.#of(counters.probe).lostBefore += Math.max(0, counters.aggregated + counters.coarse - counters.drained);
      const sum = this.#ended.get(counters.probe) ?? nothing();
      for (const name of KERNEL) sum[name] += counters[name];
      this.#ended.set(counters.probe, sum);
    }
    this.#now = [];
  }

  probes(): ProbeLedger[] {
    const ids = new Set([...this.#ended.keys(), ...this.#now.map(({ probe }) => probe), ...this.#told.keys()]);
    return [...ids].flatMap((id) => {
      const name = probeOf(id)?.[0];
      const now = this.#now.find(({ probe }) => probe === id) ?? nothing();
      const before = this.#ended.get(id) ?? nothing();
      const sum = (what: keyof Kernel): number => now[what] + before[what];
      // What never saw anything needs no line.
      if (name === undefined || (sum('seen') === 0 && sum('missed') === 0)) return [];
      return {
        name,
        seen: sum('seen'),
        filtered: sum('filtered'),
        sampledAway: sum('sampledAway'),
        aggregated: sum('aggregated') + sum('coarse'),
        lost: sum('lost'),
        missed: sum('missed'),
        ...this.#of(id),
      };
    });
  }

  #of(probe: number): Told {
    let told = this.#told.get(probe);
    if (told === undefined) {
      told = { reported: 0, elsewhere: 0, lostBefore: 0 };
      this.#told.set(probe, told);
    }
    return told;
  }
}
