/** @param p 0…1. Nearest-rank percentile of unsorted values. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;
}

/** Runs `total` tasks, `width` at a time. @returns each one's milliseconds. */
export async function timeConcurrently(
  total: number,
  width: number,
  task: (i: number) => Promise<void>,
): Promise<number[]> {
  const times: number[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < total) {
      const i = next++;
      const began = performance.now();
      await task(i);
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return times;
}

export interface Interval {
  readonly mean: number;
  /** 95 % confidence that the mean lies so far off at most. */
  readonly within: number;
}

/** Of Student's distribution; the approximation of its 97.5 % point is right to 0.01 from eight values on. */
export function meanOf(values: readonly number[]): Interval {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  const freedom = n - 1;
  return { mean, within: (1.96 + 2.37 / freedom + 2.8 / freedom ** 2) * Math.sqrt(variance / n) };
}
