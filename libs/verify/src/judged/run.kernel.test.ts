/** Thousands of packets of random worlds, always the same ones: what `netverdict verify` prints of them, and what it may not say. */
import { allFeatures } from '@netverdict/netsim';
import { expect, it } from 'vitest';
import { disagreementText, reportText } from '../report/text.ts';
import { verify } from '../run/verify.ts';

const FLOWS = 8000;
const SEED = 20_240_229;
const LONGEST_MS = 240_000;

it(`${FLOWS} packets: none disagrees, no world is refused, and every modelled feature is met`, {
  timeout: 2 * LONGEST_MS,
}, async () => {
  const started = performance.now();
  const report = await verify({ seed: SEED, flows: FLOWS, workers: 2 });
  const tookMs = performance.now() - started;
  console.log(`${reportText(report)} in ${Math.round(tookMs / 1000)} s`);

  expect(report.disagreements.map(disagreementText)).toEqual([]);
  expect(report.refused).toEqual([]);
  expect(report.flows).toBeGreaterThanOrEqual(FLOWS);
  expect(report.undetermined / report.flows).toBeLessThan(0.01);
  const unmet = allFeatures().flatMap(([name, held]) =>
    held === 'kernel' && !report.features[name]?.met ? [name] : [],
  );
  expect(unmet).toEqual([]);
  expect(tookMs).toBeLessThan(LONGEST_MS);
});
