/** Sets of numbers as sorted ranges: `[from, to, from, to…]`, `to` not included, neighbours joined. Flat, since there are many. */
export type Ranges = readonly number[];

export const NOTHING: Ranges = [];

/** @param sorted numbers in ascending order */
export function rangesOf(sorted: Iterable<number>): Ranges {
  const out: number[] = [];
  for (const n of sorted) {
    if (out.length > 0 && out[out.length - 1] === n) out[out.length - 1] = n + 1;
    else out.push(n, n + 1);
  }
  return out;
}

/** Ranges that come in ascending order, joined where they touch. */
export function joined(parts: Iterable<Ranges>): Ranges {
  const out: number[] = [];
  for (const part of parts)
    for (let i = 0; i < part.length; i += 2) {
      const from = part[i] as number;
      const to = part[i + 1] as number;
      if (out.length > 0 && (out[out.length - 1] as number) >= from)
        out[out.length - 1] = Math.max(out[out.length - 1] as number, to);
      else out.push(from, to);
    }
  return out;
}

export function contains(ranges: Ranges, n: number): boolean {
  let low = 0;
  let high = ranges.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[2 * middle + 1] as number) <= n) low = middle + 1;
    else high = middle;
  }
  return 2 * low < ranges.length && (ranges[2 * low] as number) <= n;
}
