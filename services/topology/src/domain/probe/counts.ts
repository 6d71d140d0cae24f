/** Attempts counted. Pure. */
import type { ProbeAttempt } from '@netverdict/contracts';
import type { Percentiles, ProbedTarget } from '@netverdict/verdict';

/** By nearest rank. */
export function percentilesOf(values: readonly number[]): Percentiles | null {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  if (sorted.length === 0) return null;
  return { min: at(0), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

export function outcomesOf(attempts: readonly ProbeAttempt[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of attempts) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

export function icmpOf(attempts: readonly ProbeAttempt[]): ProbedTarget['icmp'] {
  const counts = new Map<string, ProbedTarget['icmp'][number]>();
  for (const { icmp } of attempts) {
    if (icmp === undefined) continue;
    const key = `${icmp.type} ${icmp.code} ${icmp.info} ${icmp.from}`;
    counts.set(key, { ...icmp, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()];
}
