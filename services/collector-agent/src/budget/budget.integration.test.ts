/** A real sidecar under real events, with a budget that they exceed: less is looked at, the events say so, and it is given back. */
import type { Anomaly } from '@netverdict/contracts';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { probeControl } from '../control/probe-control.ts';
import { type WatchedPair, watchedPair } from '../testing/watched-pair.ts';
import { type Budget, startBudget } from './budget.ts';

let pair: WatchedPair;
let budget: Budget;
let busy = false;
const degraded: Anomaly[] = [];
beforeAll(async () => {
  pair = await watchedPair('budget');
}, 60_000);
afterAll(async () => {
  budget?.stop();
  await pair?.close();
});

it('over the budget the busiest probe looks at one of eight, its events carry the factor, and the sum in the kernel still balances', async () => {
  const { a, b, watch } = pair;
  const control = probeControl({ command: watch.command, log: { info() {}, warn() {} } });
  let spent = 0;
  budget = startBudget({
    limits: { cpuPercent: 20, memoryBytes: 1e9 },
    // The machine's own load must not decide: what is used is said here, what follows from it is real.
    usage() {
      spent += busy && degraded.length === 0 ? 0.5 : 0;
      return { cpuSeconds: spent, memoryBytes: 1 };
    },
    probes: watch.reports,
    restrain: control.restrain,
    report: (anomalies) => void degraded.push(...anomalies),
    log: { warn() {} },
    lookMs: 1100, // each look sees a window
  });
  const flood = `for i in range(200):
  t = tcp(1); attempt(lambda: t.connect(('${b.ipv4}', 9))); t.close()`;
  await vi.waitFor(
    async () => {
      await a.python(flood);
      busy ||= watch.reports().some(({ seen }) => seen > 1000);
      expect(degraded.length).toBeGreaterThan(0);
    },
    { timeout: 20_000, interval: 50 },
  );
  const probe = String(degraded[0]?.details?.probe);
  expect(degraded[0]).toMatchObject({ kind: 'agent-degraded', reason: 'CPU_BUDGET', details: { measure: 'one in 8' } });
  await vi.waitFor(() => expect(control.settings(probe)).toMatchObject({ oneIn: 8, because: 'budget' }), {
    timeout: 20_000,
  });
  await watch.command('flush');
  await vi.waitFor(
    async () => {
      await a.python(flood);
      await watch.command('flush');
      const sampled = [...pair.told(a), ...pair.told(b)].filter((anomaly) => anomaly.oneIn === 8);
      expect(sampled.length).toBeGreaterThan(0);
      for (const anomaly of sampled) expect(anomaly.probe).toBe(probe);
    },
    { timeout: 20_000, interval: 50 },
  );
  const { seen, filtered, sampledAway, aggregated, lost } = pair.probe(probe);
  expect(sampledAway).toBeGreaterThan(0);
  expect(filtered + sampledAway + aggregated + lost).toBe(seen);
  expect(budget.report()?.measures).toMatchObject([{ probe, oneIn: 8 }]);
  busy = false;
});
