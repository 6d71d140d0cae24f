/** A random world: a shape, then layers of configuration upon it, then packets. A function of (seed, index). */
import type { WorldSpec } from '../world/spec.ts';
import { type Draft, finish, newDraft } from './draft.ts';
import { addFlows } from './flows.ts';
import { focusedBridge } from './focused/bridge-rules.ts';
import { focusedConnections } from './focused/connections.ts';
import { focusedHooks } from './focused/hooks.ts';
import { focusedNftProbes } from './focused/nft-probes.ts';
import { focusedNft } from './focused/nftables.ts';
import { focusedProbes } from './focused/probes.ts';
import { focusedRareMatches } from './focused/rare-matches.ts';
import { focusedRareNft } from './focused/rare-nft.ts';
import { focusedRoutes } from './focused/routes.ts';
import { focusedSetProbes } from './focused/set-probes.ts';
import { focusedMatches, focusedSets, focusedTargets } from './focused/xtables.ts';
import { ipsets } from './ipsets.ts';
import { nftRules } from './nftables/ruleset.ts';
import { addPrelude } from './prelude.ts';
import { type Random, randomFrom, seedOf } from './random.ts';
import { rareWays } from './rare-ways.ts';
import { docker } from './realistic/docker.ts';
import { felix } from './realistic/felix.ts';
import { kubeProxy, kubeProxyNft } from './realistic/kube-proxy.ts';
import { sidecar } from './realistic/sidecar.ts';
import { kernelSettings, linkTrouble, routing } from './routing.ts';
import { seldomAt } from './seldom/turns.ts';
import { addSockets } from './sockets.ts';
import * as shapes from './topology/shapes.ts';
import { translations } from './translations.ts';
import { xtRules } from './xtables/ruleset.ts';

type Layer = (draft: Draft) => void;

/** How a world is made; the weight is how often. */
const SHAPES: readonly (readonly [number, Layer])[] = [
  [2, shapes.pair],
  [6, shapes.router],
  [3, shapes.twoRouters],
  [4, shapes.node],
  [2, shapes.overlay],
  [1, shapes.macvlan],
];

/** Each is laid upon the shape with its probability; their order is the order in which they see each other's work. */
export const LAYERS: readonly (readonly [number, Layer])[] = [
  [0.6, xtRules],
  [0.5, nftRules],
  [0.3, ipsets],
  [0.4, translations],
  [0.5, routing],
  [0.6, kernelSettings],
  [0.2, linkTrouble],
  [0.3, addPrelude],
];

/** Realistic rulesets bring their own shape. */
export const REALISTIC: readonly (readonly [number, Layer])[] = [
  [1, docker],
  [1, sidecar],
  [1, felix],
  [2, kubeProxy],
  [2, kubeProxyNft],
];
const REALISTIC_SHARE = 0.15;

const RARE_SHARE = 0.3;
const RARE_STREAM = 0x5eed;

/** Worlds about one kind of thing: they choose their packets themselves. */
const FOCUSED: readonly (readonly [number, (draft: Draft, flows: number) => void])[] = [
  [8, focusedMatches],
  [3, focusedTargets],
  [3, focusedSets],
  [4, focusedNft],
  [3, focusedRoutes],
  [2, focusedRareMatches],
  [2, focusedRareNft],
  [9, focusedHooks],
  [1, focusedBridge],
  [3, focusedConnections],
  [3, focusedProbes],
  [3, focusedNftProbes],
  [2, focusedSetProbes],
];
const FOCUSED_PERCENT = 42;
/** Their lot is drawn apart, so that a change of the share leaves the other worlds as they are. */
const FOCUSED_STREAM = 0xf0c5;

export function generate(seed: number, index: number, flows: number): WorldSpec {
  const random: Random = randomFrom(seedOf(seed, index));
  const draft = newDraft(random);
  const seldom = seldomAt(index);
  if (seldom) {
    seldom(draft, flows);
    return finish(draft, `${seed}/${index}`);
  }
  if (randomFrom(seedOf(seed ^ FOCUSED_STREAM, index)).int(0, 99) < FOCUSED_PERCENT) {
    random.weighted(FOCUSED)(draft, flows);
    return finish(draft, `${seed}/${index}`);
  }
  if (REALISTIC.length > 0 && random.chance(REALISTIC_SHARE)) random.weighted(REALISTIC)(draft);
  else {
    random.weighted(SHAPES)(draft);
    addSockets(draft);
    for (const [probability, layer] of LAYERS) if (random.chance(probability)) layer(draft);
  }
  addFlows(draft, flows);
  const rare = randomFrom(seedOf(seed ^ RARE_STREAM, index));
  if (rare.chance(RARE_SHARE)) rareWays({ ...draft, random: rare });
  return finish(draft, `${seed}/${index}`);
}
