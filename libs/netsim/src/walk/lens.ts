/**
 * What an observer is told of a run, and what it may turn round: every modelled meaning says its name and its answer before
 * the answer is used. `netverdict verify` counts with it how often a feature was met, and finds out whether it decided by
 * evaluating the flow again with that feature's answers flipped. Without an observer it costs one comparison.
 *
 * Names are `group/name`; docs/fidelity.md is generated from the registries that they come from.
 */
export const FEATURE_GROUPS = [
  'xt-match',
  'xt-target',
  'xt-chain',
  'nft-expression',
  'nft-set',
  'ipset',
  'hook',
  'conntrack',
  'nat',
  'route-rule',
  'route',
  'sysctl',
  'neighbour',
  'link',
  'bridge',
  'mtu',
  'socket',
  'answer',
] as const;
export type Feature = `${(typeof FEATURE_GROUPS)[number]}/${string}`;

export interface Lens {
  /** `answer` is what the model says: whether a rule matches, a target applies, a check lets the packet pass. Gives the answer to use. */
  sees(feature: Feature, answer: boolean): boolean;
}
