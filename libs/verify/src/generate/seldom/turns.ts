/**
 * What random worlds meet seldom, made to decide: worlds that take turns, so that each kind has the same share of the packets
 * however few worlds there are. Every fourth world is one of them, and of the others every seventh is about a rule that the
 * others have seldom.
 */
import type { Draft } from '../draft.ts';
import { focusedBridge } from '../focused/bridge-rules.ts';
import { rarestMatches } from '../focused/rare-matches.ts';
import { rarestNft } from '../focused/rare-nft.ts';
import { bridges, privateEdge } from './bridges.ts';
import { NEIGHBOUR_KINDS } from './neighbours.ts';
import { ROUTE_KINDS } from './routes.ts';
import { RULE_KINDS } from './rules.ts';
import { SWITCH_KINDS } from './switches.ts';
import { learningTunnel, seldomMacvlan } from './tunnels.ts';
import { addInTurn, wide } from './wide.ts';

const EVERY = 4;
const KINDS = [...ROUTE_KINDS, ...RULE_KINDS, ...SWITCH_KINDS, ...NEIGHBOUR_KINDS];

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
];

/** The seldom world that stands at this place, if one does. */
export function seldomAt(index: number): ((draft: Draft, flows: number) => void) | null {
  if (index % EVERY !== EVERY - 1) return rarestAt(index);
  const number = Math.floor(index / EVERY);
  const at = number % ROUND.length;
  const make = ROUND[at] as Seldom;
  const inRound = ROUND.filter((other) => other === make).length;
  const turn =
    Math.floor(number / ROUND.length) * inRound + ROUND.slice(0, at).filter((other) => other === make).length;
  return (draft, flows) => make(draft, turn, flows);
}

const EVERY_RAREST = 7;
const RAREST = [rarestMatches, rarestNft, (draft: Draft, _: number, flows: number) => focusedBridge(draft, flows)];

function rarestAt(index: number): ((draft: Draft, flows: number) => void) | null {
  if (index % EVERY_RAREST !== 3) return null;
  const place = Math.floor(index / EVERY_RAREST);
  // The places 0, 4, 8, … are taken already.
  const number = (EVERY - 1) * Math.floor(place / EVERY) + (place % EVERY) - 1;
  const make = RAREST[number % RAREST.length] as (typeof RAREST)[number];
  return (draft, flows) => make(draft, Math.floor(number / RAREST.length) * flows, flows);
}
