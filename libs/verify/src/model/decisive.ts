/**
 * Which meanings of the model a flow met, and which of them decided: a feature is decisive for a flow when, with its answers
 * turned round, the packet would have another fate or look different to its receiver.
 */
import type { Feature, Lens } from '@netverdict/netsim';
import type { FlowSpec } from '../world/spec.ts';
import { type Prediction, predict } from './predict.ts';
import type { Modelled } from './world.ts';

/** Of each flow: so that the answer to "does it decide?" costs a few evaluations and not thirty. */
const MOST_ASKED = 5;
/** What has decided fewer than these is asked beside them: there are many such at first, and few later. */
const SELDOM = 45;
const MOST_SELDOM = 20;

export class FeatureCounts {
  readonly met = new Map<Feature, number>();
  readonly decisive = new Map<Feature, number>();
  readonly #tries = new Map<Feature, number>();
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
    for (const feature of met) this.met.set(feature, (this.met.get(feature) ?? 0) + 1);
    // What is met seldom is asked each time; of the rest what decides comes oftener, so that it soon has enough and makes room.
    const asked = [...met]
      .filter((feature) => (this.decisive.get(feature) ?? 0) < this.#enough)
      .sort((a, b) => this.#turn(a) - this.#turn(b))
      .filter(
        (feature, place) => place < MOST_ASKED || (place < MOST_SELDOM && (this.decisive.get(feature) ?? 0) < SELDOM),
      );
    for (const feature of asked) {
      this.#tries.set(feature, this.#triesOf(feature) + 1);
      const decides = fateOf(predict(model, flow, 0, flipping(feature))) !== fate;
      this.decisive.set(feature, (this.decisive.get(feature) ?? 0) + (decides ? 1 : 0));
    }
    return prediction;
  }

  #turn(feature: Feature): number {
    return this.#triesOf(feature) - (this.decisive.get(feature) ?? 0) / 2;
  }

  #triesOf(feature: Feature): number {
    return this.#tries.get(feature) ?? 0;
  }
}

const flipping = (flipped: Feature): Lens => ({
  sees: (feature, answer) => (feature === flipped ? !answer : answer),
});

const fateOf = ({ branches, unknowns }: Prediction): string =>
  JSON.stringify([branches.map(({ share, heard, received }) => [share, heard, received]), unknowns.length > 0]);
