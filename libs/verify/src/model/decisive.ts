/**
 * Which meanings of the model a flow met, and which of them decided: a feature is decisive for a flow when, with its answers
 * turned round, the packet would have another fate or look different to its receiver.
 */
import type { Feature, Lens } from '@netverdict/netsim';
import type { FlowSpec } from '../world/spec.ts';
import { type Prediction, predict } from './predict.ts';
import type { Modelled } from './world.ts';

export class FeatureCounts {
  readonly met = new Map<Feature, number>();
  readonly decisive = new Map<Feature, number>();
  readonly #enough: number;

  /** Once a feature has decided `enough` flows, it is only counted as met: the second evaluation costs as much as the first. */
  constructor(enough: number) {
    this.#enough = enough;
  }

  /** Evaluates the flow, counting. */
  predict(model: Modelled, flow: FlowSpec): Prediction {
    const met = new Set<Feature>();
    const prediction = predict(model, flow, 0, {
      sees: (feature, answer) => {
        met.add(feature);
        return answer;
      },
    });
    const fate = fateOf(prediction);
    for (const feature of met) {
      this.met.set(feature, (this.met.get(feature) ?? 0) + 1);
      const known = this.decisive.get(feature) ?? 0;
      if (known >= this.#enough) continue;
      this.decisive.set(feature, known + (fateOf(predict(model, flow, 0, flipping(feature))) === fate ? 0 : 1));
    }
    return prediction;
  }
}

const flipping = (flipped: Feature): Lens => ({
  sees: (feature, answer) => (feature === flipped ? !answer : answer),
});

const fateOf = ({ branches, unknowns }: Prediction): string =>
  JSON.stringify([branches.map(({ share, heard, received }) => [share, heard, received]), unknowns.length > 0]);
