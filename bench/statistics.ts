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
