/** Keeps agent, helper and sidecar within their budget: looks every few seconds at what they use, and says whatever it takes back or gives back. */
import type { Anomaly, BudgetReport, ProbeReport } from '@netverdict/contracts';
import type { Restraint } from '../control/probe-control.ts';
import { type Limits, Measures, type Step } from './measures.ts';
import type { Usage } from './usage.ts';

const LOOK_MS = 5000;
/** Over how long it is counted: whatever is done every few seconds is in it, and several of the sidecar's windows, also where one comes late. */
const COUNT_MS = 4500;
/** What a run of a program takes in the kernel, where no clock of ours runs: 65–90 ns were measured, and each value and event is one or more. */
const RUN_SECONDS = 100e-9;

export interface Budget {
  report(): BudgetReport | null;
  stop(): void;
}

export function startBudget(options: {
  readonly limits: Limits;
  readonly usage: () => Usage;
  readonly probes: () => readonly ProbeReport[];
  readonly restrain: (restraints: ReadonlyMap<string, Restraint>) => Promise<void>;
  readonly report: (anomalies: readonly Anomaly[]) => void;
  readonly log: { warn(fields: object, message: string): void };
  readonly lookMs?: number;
  readonly calmMs?: number;
}): Budget {
  const { limits, usage, probes, restrain, report, log, lookMs = LOOK_MS } = options;
  const measures = new Measures(limits, options.calmMs);
  /** Oldest first: one that is old enough, and all after it. */
  const counted: { readonly atMs: number; readonly cpuSeconds: number; readonly runs: ReadonlyMap<string, number> }[] =
    [];
  let last: { readonly cpuPercent: number; readonly memoryBytes: number } | null = null;

  function look(): void {
    const { cpuSeconds, memoryBytes } = usage();
    const atMs = performance.now();
    const on = probes().filter(({ state }) => state === 'on');
    const runs = new Map(on.map(({ name, seen, observed = 0 }) => [name, seen + observed] as const));
    counted.push({ atMs, cpuSeconds, runs });
    while ((counted[1]?.atMs ?? atMs) <= atMs - COUNT_MS) counted.shift();
    const [since] = counted;
    const seconds = since === undefined ? 0 : (atMs - since.atMs) / 1000;
    const perSecond = (grown: number): number => (seconds === 0 ? 0 : Math.max(0, grown) / seconds);
    const rates = new Map([...runs].map(([name, now]) => [name, perSecond(now - (since?.runs.get(name) ?? now))]));
    const inKernel = [...rates.values()].reduce((sum, rate) => sum + rate, 0) * RUN_SECONDS;
    const cpuPercent = seconds === 0 ? 0 : 100 * (perSecond(cpuSeconds - (since?.cpuSeconds ?? cpuSeconds)) + inKernel);
    last = { cpuPercent, memoryBytes };
    const step = measures.look({ atMs, ...last, rates });
    if (step === null) return;
    log.warn({ ...last, limits, ...step.measure, reason: step.reason }, `budget: a measure is ${step.kind}`);
    report([told(step, last)]);
    restrain(measures.restraints()).catch((err: unknown) => log.warn({ err }, 'the budget could not be enforced'));
  }

  function told({ kind, measure, reason }: Step, used: NonNullable<typeof last>): Anomaly {
    const now = new Date().toISOString();
    const { probe, restraint } = measure;
    return {
      kind: 'agent-degraded',
      netns: 0,
      pod: null,
      count: 1,
      windowStart: now,
      windowEnd: now,
      reason: kind === 'taken' ? reason : 'BUDGET_RESTORED',
      details: {
        probe,
        measure: restraint === 'off' ? 'off' : `one in ${restraint.oneIn}`,
        cpuPercent: Math.round(used.cpuPercent * 10) / 10,
        cpuLimitPercent: limits.cpuPercent,
        memoryBytes: used.memoryBytes,
        memoryLimitBytes: limits.memoryBytes,
      },
    };
  }

  const timer = setInterval(() => {
    try {
      look();
    } catch (err) {
      log.warn({ err }, 'what the agent uses could not be looked at');
    }
  }, lookMs);
  look();
  return {
    report: () =>
      last === null
        ? null
        : {
            cpuPercent: Math.round(last.cpuPercent * 100) / 100,
            cpuLimitPercent: limits.cpuPercent,
            memoryBytes: last.memoryBytes,
            memoryLimitBytes: limits.memoryBytes,
            measures: measures
              .taken()
              .map(({ probe, restraint, sinceMs }) => ({
                probe,
                ...(restraint === 'off' ? {} : { oneIn: restraint.oneIn }),
                since: new Date(Date.now() - (performance.now() - sinceMs)).toISOString(),
              }))
              .reverse(),
          },
    stop: () => clearInterval(timer),
  };
}
