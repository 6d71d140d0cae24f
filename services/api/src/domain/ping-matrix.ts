/** What a round of pings found, as one cell per ordered pair. Pure. */
import type { LocatedEnd, PingCell, ProbeAttempt, ProbeOutcome } from '@netverdict/contracts';

/** The network let the packet and something in return through; a refusal is an answer of the far end. */
const ANSWERS: ReadonlySet<ProbeOutcome> = new Set(['connected', 'answered', 'refused', 'reset']);

export const endName = ({ kind, name }: LocatedEnd): string => (kind === 'outside' ? name : `${kind} ${name}`);

/** Nearest rank: a value that was measured. @param sorted ascending */
function percentile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}

export function cellOf(from: LocatedEnd, to: LocatedEnd, attempts: readonly ProbeAttempt[]): PingCell {
  const answered = attempts.filter(({ outcome }) => ANSWERS.has(outcome));
  const rtts = answered.flatMap(({ rttMs }) => rttMs ?? []).sort((a, b) => a - b);
  const outcomes: Record<string, number> = {};
  for (const { outcome } of attempts) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  return {
    from: endName(from),
    to: endName(to),
    sent: attempts.length,
    answered: answered.length,
    loss: attempts.length === 0 ? null : 1 - answered.length / attempts.length,
    rttMs: {
      min: rtts[0] ?? null,
      p50: percentile(rtts, 0.5),
      p95: percentile(rtts, 0.95),
      p99: percentile(rtts, 0.99),
      max: rtts.at(-1) ?? null,
    },
    outcomes,
    problem: null,
  };
}

export const unsent = (from: LocatedEnd, to: LocatedEnd, problem: string): PingCell => ({
  ...cellOf(from, to, []),
  problem,
});
