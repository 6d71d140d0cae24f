/** One flow's packets against what the model says of each of them. */
import { type Comparison, compare } from '../compare/agree.ts';
import type { Prediction } from '../model/predict.ts';
import type { Observation } from '../world/observation.ts';
import type { FlowSpec } from '../world/spec.ts';

export interface JudgedFlow {
  readonly flow: FlowSpec;
  readonly predictions: readonly Prediction[];
  readonly observations: readonly Observation[];
  readonly comparison: Comparison;
}

interface Threw {
  readonly threw: string;
}

/** No packet may make the model throw: where one does, that is what is reported, and the run goes on. */
export function predictOrSay(make: () => Prediction): Prediction | Threw {
  try {
    return make();
  } catch (error) {
    return { threw: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

interface Sent {
  /** `repeat`: how many packets there were. */
  readonly flow: FlowSpec;
  /** Of the first packet. */
  readonly first: Prediction | Threw;
  readonly predictAgain: (attempt: number) => Prediction;
  readonly observations: readonly Observation[];
}

export function judgeFlow({ flow, first, predictAgain, observations }: Sent): JudgedFlow {
  const predictions: Prediction[] = [];
  for (let attempt = 0; attempt < flow.repeat; attempt++) {
    const prediction = attempt === 0 ? first : predictOrSay(() => predictAgain(attempt));
    if ('threw' in prediction)
      return {
        flow,
        predictions,
        observations,
        comparison: { kind: 'disagrees', differences: [{ kind: 'threw', message: prediction.threw }] },
      };
    predictions.push(prediction);
  }
  return { flow, predictions, observations, comparison: compare(predictions, observations) };
}
