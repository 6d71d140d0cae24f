/** Randomness that is a function of a seed: the same seed gives the same world on any machine. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export interface Random {
  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<T>(values: readonly [T, ...T[]] | readonly T[]): T;
  /** Each with its weight. */
  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T;
  /** `count` different ones, or all where there are fewer. */
  some<T>(values: readonly T[], count: number): T[];
}

export function randomFrom(seed: number): Random {
  const generator = xoroshiro128plus(seed | 0);
  const int = (low: number, high: number): number => uniformInt(generator, low, high);
  const pick = <T>(values: readonly T[]): T => {
    if (values.length === 0) throw new Error('nothing to pick from');
    return values[int(0, values.length - 1)] as T;
  };
  return {
    int,
    chance: (probability) => int(0, 999_999) < probability * 1_000_000,
    pick,
    weighted: (choices) => {
      const total = choices.reduce((sum, [weight]) => sum + weight, 0);
      let at = (int(0, 999_999) / 1_000_000) * total;
      for (const [weight, value] of choices) {
        at -= weight;
        if (at < 0) return value;
      }
      return pick(choices)[1];
    },
    some: (values, count) => {
      const left = [...values];
      const taken: (typeof values)[number][] = [];
      while (taken.length < count && left.length > 0) taken.push(...left.splice(int(0, left.length - 1), 1));
      return taken;
    },
  };
}

/** Seeds of independent worlds out of one: neighbouring numbers must not give neighbouring streams (splitmix32). */
export function seedOf(seed: number, index: number): number {
  let z = (seed + Math.imul(index + 1, 0x9e3779b9)) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) | 0;
}
