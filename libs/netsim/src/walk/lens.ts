/**
 * What an observer is told of a run, and what it may turn round: every modelled meaning says its name and its answer before
 * the answer is used. `netverdict verify` counts with it how often a feature was met, and finds out whether it decided by
 * evaluating the flow again with that feature's answers flipped. Without an observer it costs one comparison.
 */
import type { Feature } from './features/index.ts';

export interface Lens {
  /** `answer` is what the model says: whether a rule matches, a target applies, a check lets the packet pass. Gives the answer to use. */
  sees(feature: Feature, answer: boolean): boolean;
}
