/**
 * Judges its share of the worlds of a run in a process of its own, and sends its report to the parent. Which worlds there are
 * depends on the seed alone (plan.ts), not on the number of workers.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Feature } from '@netverdict/netsim';
import { heardText } from '../compare/agree.ts';
import { CorpusWriter } from '../corpus/corpus.ts';
import { generate } from '../generate/generate.ts';
import { startKernel } from '../kernel/kernel.ts';
import { ProberError } from '../kernel/prober.ts';
import { WorldRefused } from '../kernel/world-refused.ts';
import { FeatureCounts } from '../model/decisive.ts';
import type { Prediction } from '../model/predict.ts';
import { addCounts, type Disagreement, type Report } from '../report/report.ts';
import { sameFault } from '../shrink/same-fault.ts';
import { shrink } from '../shrink/shrink.ts';
import type { WorldSpec } from '../world/spec.ts';
import type { WorkerJob } from './job.ts';
import { type JudgedFlow, judge } from './judge.ts';

/** Shrinking takes seconds each: the first few tell most. */
const MOST_SHRUNK = 10;

export async function work(job: WorkerJob): Promise<Report> {
  const kernel = await startKernel();
  const counts = new FeatureCounts(job.enough);
  const corpus = job.record === null ? null : new CorpusWriter(job.record);
  const report = {
    worlds: 0,
    flows: 0,
    attempts: 0,
    undetermined: 0,
    eitherRules: 0,
    unknowns: {} as Record<string, number>,
    outcomes: {} as Record<string, number>,
    refused: [] as { world: string; message: string }[],
    disagreements: [] as Disagreement[],
    ms: { up: 0, collect: 0, packets: 0, model: 0 },
  };
  try {
    for (const { index, flows } of job.worlds) {
      const before = { flows: report.flows, disagreements: report.disagreements.length };
      const spec = generate(job.seed, index, flows);
      try {
        const judged = await judge(kernel, spec, counts);
        corpus?.add(judged);
        report.worlds++;
        for (const part of ['up', 'collect', 'packets', 'model'] as const) report.ms[part] += judged.ms[part];
        for (const flow of judged.flows) {
          report.flows++;
          report.attempts += flow.observations.length;
          note(report, flow);
          if (flow.comparison.kind === 'disagrees')
            report.disagreements.push({
              world: spec.id,
              flow: flow.flow.id,
              differences: flow.comparison.differences,
              shrunk:
                report.disagreements.length < MOST_SHRUNK && job.shrink
                  ? await smallest(spec, flow)
                  : { ...spec, flows: [flow.flow] },
            });
        }
      } catch (error) {
        if (!(error instanceof WorldRefused)) throw error;
        report.refused.push({ world: spec.id, message: error.message });
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

function note(
  report: {
    undetermined: number;
    eitherRules: number;
    unknowns: Record<string, number>;
    outcomes: Record<string, number>;
  },
  { comparison, predictions, observations }: JudgedFlow,
): void {
  if (comparison.kind === 'undetermined') {
    report.undetermined++;
    report.unknowns = addCounts(
      report.unknowns,
      Object.fromEntries(comparison.unknowns.map((u) => [withoutNumbers(u), 1])),
    );
  }
  if (comparison.kind === 'agrees' && predictions.some(leavesRulesOpen)) report.eitherRules++;
  const [seen] = observations;
  const [branch] = predictions[0]?.branches ?? [];
  if (seen) {
    const heard = seen.heard.kind === 'icmp' ? `ICMP ${seen.heard.type}/${seen.heard.code}` : heardText(seen.heard);
    report.outcomes = addCounts(report.outcomes, { [`${branch?.disposition ?? '?'}, heard ${heard}`]: 1 });
  }
}

const leavesRulesOpen = ({ branches }: Prediction): boolean =>
  branches.some(({ rules, otherRules = [] }) => otherRules.some((way) => !isDeepStrictEqual(way, rules)));

/** So that the same unknown in many worlds is one line. */
const withoutNumbers = (text: string): string => text.replace(/\d+/g, 'N').slice(0, 140);
