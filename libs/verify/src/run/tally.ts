/** What a worker has judged so far: nothing that was judged is left out of it. */
import { isDeepStrictEqual } from 'node:util';
import { heardText } from '../compare/agree.ts';
import { WorldRefused } from '../kernel/world-refused.ts';
import type { Prediction } from '../model/predict.ts';
import { addCounts, type Report } from '../report/report.ts';
import type { JudgedWorld } from './judge.ts';
import type { JudgedFlow } from './judge-flow.ts';

type Kept = Pick<
  Report,
  'worlds' | 'flows' | 'attempts' | 'untraced' | 'undetermined' | 'eitherRules' | 'unknowns' | 'outcomes' | 'ms'
> & {
  readonly refused: Report['refused'][number][];
  readonly disagreements: Report['disagreements'][number][];
};
export type Tally = { -readonly [K in keyof Kept]: Kept[K] };

export const newTally = (): Tally => ({
  worlds: 0,
  flows: 0,
  attempts: 0,
  untraced: 0,
  undetermined: 0,
  eitherRules: 0,
  unknowns: {},
  outcomes: {},
  refused: [],
  disagreements: [],
  ms: { up: 0, collect: 0, packets: 0, model: 0 },
});

/**
 * Judges one world and counts it, be it that a tool refused one of its lines.
 * @returns which flows disagree; null: the world was refused
 */
export async function addJudged(
  tally: Tally,
  world: string,
  judge: () => Promise<JudgedWorld>,
): Promise<readonly JudgedFlow[] | null> {
  try {
    return addWorld(tally, await judge());
  } catch (error) {
    if (!(error instanceof WorldRefused)) throw error;
    tally.refused.push({ world, message: error.message });
    return null;
  }
}

/** Of a flow that disagrees the world is kept with that flow alone. @returns which flows do */
export function addWorld(tally: Tally, { spec, flows, ms }: JudgedWorld): readonly JudgedFlow[] {
  tally.worlds++;
  const { up, collect, packets, model } = tally.ms;
  tally.ms = { up: up + ms.up, collect: collect + ms.collect, packets: packets + ms.packets, model: model + ms.model };
  for (const flow of flows) {
    tally.flows++;
    tally.attempts += flow.observations.length;
    tally.untraced += flow.observations.filter(({ rules }) => rules === null).length;
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
