/**
 * Judges its share of the worlds of a run in a process of its own, and sends its report to the parent. Which worlds there are
 * depends on the seed alone (plan.ts), not on the number of workers.
 */

import type { Feature } from '@netverdict/netsim';
import { CorpusWriter } from '../corpus/corpus.ts';
import { generate } from '../generate/generate.ts';
import { startKernel } from '../kernel/kernel.ts';
import { ProberError } from '../kernel/prober.ts';
import { WorldRefused } from '../kernel/world-refused.ts';
import { FeatureCounts } from '../model/decisive.ts';
import type { Report } from '../report/report.ts';
import { sameFault } from '../shrink/same-fault.ts';
import { shrink } from '../shrink/shrink.ts';
import type { WorldSpec } from '../world/spec.ts';
import type { WorkerJob } from './job.ts';
import { judge } from './judge.ts';
import type { JudgedFlow } from './judge-flow.ts';
import { addJudged, newTally } from './tally.ts';

/** Shrinking takes seconds each: the first few tell most. */
const MOST_SHRUNK = 10;

export async function work(job: WorkerJob): Promise<Report> {
  const kernel = await startKernel();
  const counts = new FeatureCounts(job.enough);
  const corpus = job.record === null ? null : new CorpusWriter(job.record);
  const report = newTally();
  try {
    for (const { index, flows } of job.worlds) {
      const before = { flows: report.flows, disagreements: report.disagreements.length };
      const spec = generate(job.seed, index, flows);
      const disagreeing = await addJudged(report, spec.id, async () => {
        const judged = await judge(kernel, spec, counts);
        corpus?.add(judged);
        return judged;
      });
      for (const flow of disagreeing ?? []) {
        const at = report.disagreements.findIndex((d) => d.world === spec.id && d.flow === flow.flow.id);
        const found = report.disagreements[at];
        if (job.shrink && found && at < MOST_SHRUNK)
          report.disagreements[at] = { ...found, shrunk: await smallest(spec, flow) };
      }
      job.progress?.({
        flows: report.flows - before.flows,
        disagreements: report.disagreements.length - before.disagreements,
      });
    }
  } finally {
    await kernel.close();
    await corpus?.close();
  }
  const features: Partial<Record<Feature, { met: number; decisive: number }>> = {};
  for (const [feature, met] of counts.met) features[feature] = { met, decisive: counts.decisive.get(feature) ?? 0 };
  return { seed: job.seed, flowsWanted: job.flows, ...report, features };

  async function smallest(spec: WorldSpec, { flow, comparison: first }: JudgedFlow): Promise<WorldSpec> {
    return shrink({ ...spec, flows: [flow] }, async (candidate) => {
      try {
        const again = await judge(kernel, candidate, null);
        return again.flows.some((f) => sameFault(f.comparison, first));
      } catch (error) {
        // Half a world may be none at all. That the prober has died shows with the next world.
        if (error instanceof WorldRefused || error instanceof ProberError) return false;
        throw error;
      }
    });
  }
}
