/** What a worker has judged so far: nothing that was judged is left out of it. */
import { isDeepStrictEqual } from 'node:util';
import { heardText } from '../compare/agree.ts';
import type { Prediction } from '../model/predict.ts';
import { addCounts, type Report } from '../report/report.ts';
import type { JudgedFlow, JudgedWorld } from './judge.ts';

type Kept = Pick<
  Report,
  'worlds' | 'flows' | 'attempts' | 'undetermined' | 'eitherRules' | 'unknowns' | 'outcomes' | 'ms'
> & {
  readonly refused: Report['refused'][number][];
  readonly disagreements: Report['disagreements'][number][];
};
export type Tally = { -readonly [K in keyof Kept]: Kept[K] };

export const newTally = (): Tally => ({
  worlds: 0,
  flows: 0,
  attempts: 0,
  undetermined: 0,
  eitherRules: 0,
  unknowns: {},
  outcomes: {},
  refused: [],
  disagreements: [],
  ms: { up: 0, collect: 0, packets: 0, model: 0 },
});

/** Of a flow that disagrees the world is kept with that flow alone. @returns which flows do */
export function addWorld(tally: Tally, { spec, flows, ms }: JudgedWorld): readonly JudgedFlow[] {
  tally.worlds++;
  const { up, collect, packets, model } = tally.ms;
  tally.ms = { up: up + ms.up, collect: collect + ms.collect, packets: packets + ms.packets, model: model + ms.model };
  for (const flow of flows) {
    tally.flows++;
    tally.attempts += flow.observations.length;
    addFlow(tally, flow);
  }
  const disagreeing = flows.filter(({ comparison }) => comparison.kind === 'disagrees');
  for (const { flow, comparison } of disagreeing)
    if (comparison.kind === 'disagrees')
      tally.disagreements.push({
        world: spec.id,
        flow: flow.id,
        differences: comparison.differences,
        shrunk: { ...spec, flows: [flow] },
      });
  return disagreeing;
}

function addFlow(tally: Tally, { comparison, predictions, observations }: JudgedFlow): void {
  if (comparison.kind === 'undetermined') {
    tally.undetermined++;
    tally.unknowns = addCounts(
      tally.unknowns,
      Object.fromEntries(comparison.unknowns.map((u) => [withoutNumbers(u), 1])),
    );
  }
  if (comparison.kind === 'agrees' && predictions.some(leavesRulesOpen)) tally.eitherRules++;
  const [seen] = observations;
  const [branch] = predictions[0]?.branches ?? [];
  if (seen) {
    const heard = seen.heard.kind === 'icmp' ? `ICMP ${seen.heard.type}/${seen.heard.code}` : heardText(seen.heard);
    tally.outcomes = addCounts(tally.outcomes, { [`${branch?.disposition ?? '?'}, heard ${heard}`]: 1 });
  }
}

const leavesRulesOpen = ({ branches }: Prediction): boolean =>
  branches.some(({ rules, otherRules = [] }) => otherRules.some((way) => !isDeepStrictEqual(way, rules)));

/** So that the same unknown in many worlds is one line. */
const withoutNumbers = (text: string): string => text.replace(/\d+/g, 'N').slice(0, 140);
