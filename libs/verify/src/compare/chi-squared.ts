/** Pearson's test of counts against shares. */

/**
 * How far the counts are from what the shares promise, in standard deviations of a normal variable (Wilson and Hilferty's
 * approximation of the χ² distribution, 1931). `shares` add up to 1; both lists have the same order; one class gives 0.
 */
export function deviation(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((a, b) => a + b, 0);
  const degrees = counts.length - 1;
  if (degrees < 1 || total === 0) return 0;
  let statistic = 0;
  counts.forEach((count, i) => {
    const expected = total * (shares[i] ?? 0);
    if (expected > 0) statistic += (count - expected) ** 2 / expected;
    else if (count > 0) statistic = Number.POSITIVE_INFINITY;
  });
  const spread = 2 / (9 * degrees);
  return (Math.cbrt(statistic / degrees) - (1 - spread)) / Math.sqrt(spread);
}
