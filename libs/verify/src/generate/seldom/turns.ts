/**
 * What random worlds meet seldom, made to decide: worlds that take turns, so that each kind has the same share of the packets
 * however few worlds there are. Of ten worlds three are such, and three are about rules that the others have seldom.
 */
import type { Draft } from '../draft.ts';
import { focusedBridge } from '../focused/bridge-rules.ts';
import { focusedHooks } from '../focused/hooks.ts';
import { rarestMatches } from '../focused/rare-matches.ts';
import { rarestNft } from '../focused/rare-nft.ts';
import { focusedSets, focusedTargets } from '../focused/xtables.ts';
import { bridges, privateEdge } from './bridges.ts';
import { NEIGHBOUR_KINDS } from './neighbours.ts';
import { ROUTE_KINDS } from './routes.ts';
import { RULE_KINDS } from './rules.ts';
import { SWITCH_KINDS } from './switches.ts';
import { TRANSLATION_KINDS } from './translations.ts';
import { learningTunnel, seldomMacvlan } from './tunnels.ts';
import { addInTurn, wide } from './wide.ts';

const KINDS = [...ROUTE_KINDS, ...RULE_KINDS, ...SWITCH_KINDS, ...NEIGHBOUR_KINDS, ...TRANSLATION_KINDS];

type Seldom = (draft: Draft, turn: number, flows: number) => void;

const ways: Seldom = (draft, turn, flows) => addInTurn(wide(draft), KINDS, turn * flows, flows);

/** One round: each is called with the number of its own turn. */
const ROUND: readonly Seldom[] = [
  ways,
  bridges,
  ways,
  ways,
  learningTunnel,
  ways,
  bridges,
  ways,
  ways,
  seldomMacvlan,
  ways,
  bridges,
  ways,
  ways,
  privateEdge,
  ways,
  seldomMacvlan,
  ways,
];

const matches: Seldom = (draft, turn, flows) => rarestMatches(draft, turn * flows, flows);
const nft: Seldom = (draft, turn, flows) => rarestNft(draft, turn * flows, flows);
const bridge: Seldom = (draft, _, flows) => focusedBridge(draft, flows);

const targets: Seldom = (draft, _, flows) => focusedTargets(draft, flows);
const sets: Seldom = (draft, _, flows) => focusedSets(draft, flows);

const hooks: Seldom = (draft, _, flows) => focusedHooks(draft, flows);

const RAREST: readonly Seldom[] = [
  ...[matches, nft, targets],
  ...[matches, nft, targets, bridge],
  ...[matches, nft, targets, sets],
  ...[matches, nft, hooks, bridge],
];

/** Which of ten worlds they are: both even and odd ones, as two workers share the worlds by turns. */
const TEN = 10;
const PLACES: readonly (readonly [places: readonly number[], kinds: readonly Seldom[]])[] = [
  [[3, 6, 9], ROUND],
  [[1, 4, 8], RAREST],
];

/** The seldom world that stands at this place, if one does. */
export function seldomAt(index: number): ((draft: Draft, flows: number) => void) | null {
  for (const [places, kinds] of PLACES) {
    const place = places.indexOf(index % TEN);
    if (place < 0) continue;
    const number = Math.floor(index / TEN) * places.length + place;
    const at = number % kinds.length;
    const make = kinds[at] as Seldom;
    const turn = Math.floor(number / kinds.length) * timesIn(kinds, make) + timesIn(kinds.slice(0, at), make);
    return (draft, flows) => make(draft, turn, flows);
  }
  return null;
}

const timesIn = (kinds: readonly Seldom[], kind: Seldom): number => kinds.filter((other) => other === kind).length;
