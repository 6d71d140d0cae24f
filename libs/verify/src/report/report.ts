/** What a run of verify says: counts, features, disagreements. Plain data; text.ts prints it. */
import type { Feature } from '@netverdict/netsim';
import type { Difference } from '../compare/agree.ts';
import type { WorldSpec } from '../world/spec.ts';

export interface Disagreement {
  readonly world: string;
  readonly flow: string;
  readonly differences: readonly Difference[];
  /** The smallest world that still disagrees. */
  readonly shrunk: WorldSpec;
}

export type FeatureTally = Readonly<Partial<Record<Feature, { readonly met: number; readonly decisive: number }>>>;

export interface Report {
  readonly seed: number;
  readonly flowsWanted: number;
  readonly worlds: number;
  readonly flows: number;
  /** Packets sent: repetitions counted one by one. */
  readonly attempts: number;
  /** Packets whose trace the kernel could not tell whole (its buffer was full): compared without the rules that they met. */
  readonly untraced: number;
  readonly undetermined: number;
  /** Whose fate is known, and which of a few lists of rules they meet on the way is not: one of these was met. */
  readonly eitherRules: number;
  /** What was not known, and how often. */
  readonly unknowns: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Worlds that a tool refused: the generator wrote a line that nobody could load. */
  readonly refused: readonly { readonly world: string; readonly message: string }[];
  readonly disagreements: readonly Disagreement[];
  /** Of those that were met. */
  readonly features: FeatureTally;
  readonly ms: { readonly up: number; readonly collect: number; readonly packets: number; readonly model: number };
}

export const emptyReport = (seed: number, flowsWanted: number): Report => ({
  seed,
  flowsWanted,
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
  features: {},
  ms: { up: 0, collect: 0, packets: 0, model: 0 },
});

export function addReports(a: Report, b: Report): Report {
  const features: Partial<Record<Feature, { met: number; decisive: number }>> = { ...a.features };
  for (const [name, { met, decisive }] of Object.entries(b.features) as [
    Feature,
    { met: number; decisive: number },
  ][]) {
    const was = features[name] ?? { met: 0, decisive: 0 };
    features[name] = { met: was.met + met, decisive: was.decisive + decisive };
  }
  return {
    ...a,
    worlds: a.worlds + b.worlds,
    flows: a.flows + b.flows,
    attempts: a.attempts + b.attempts,
    untraced: a.untraced + b.untraced,
    undetermined: a.undetermined + b.undetermined,
    eitherRules: a.eitherRules + b.eitherRules,
    unknowns: addCounts(a.unknowns, b.unknowns),
    outcomes: addCounts(a.outcomes, b.outcomes),
    refused: [...a.refused, ...b.refused],
    disagreements: [...a.disagreements, ...b.disagreements],
    features,
    ms: {
      up: a.ms.up + b.ms.up,
      collect: a.ms.collect + b.ms.collect,
      packets: a.ms.packets + b.ms.packets,
      model: a.ms.model + b.ms.model,
    },
  };
}

export function addCounts(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  const sum = { ...a };
  for (const [name, count] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
