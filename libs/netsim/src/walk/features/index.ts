/**
 * Every meaning that the model knows by name, and how it is held to the truth. `walk.sees` takes these names only, so that
 * `netverdict verify` can tell which of them it never met; docs/fidelity.md is written from this table. Where a group has a
 * type of linux-net's, a kind without an entry does not compile.
 */
import type { Held } from './held.ts';
import { ANSWERS, CONNTRACK, NAT, SOCKETS, SYSCTLS } from './hosts.ts';
import { BRIDGES, LINKS, MTUS } from './links.ts';
import { EXPRESSIONS, HOOKS, NFT_SETS } from './nftables.ts';
import { NEIGHBOURS, ROUTE_ATTRIBUTES, ROUTE_RULES, ROUTE_TYPES } from './routing.ts';
import { IP_SETS, MATCHES, TARGETS } from './xtables.ts';

export const FEATURES = {
  'xt-match': MATCHES,
  'xt-target': TARGETS,
  'xt-chain': { policy: 'kernel' },
  'nft-expression': EXPRESSIONS,
  'nft-set': NFT_SETS,
  ipset: IP_SETS,
  hook: HOOKS,
  conntrack: CONNTRACK,
  nat: NAT,
  'route-rule': ROUTE_RULES,
  route: { ...ROUTE_TYPES, ...ROUTE_ATTRIBUTES },
  sysctl: SYSCTLS,
  neighbour: NEIGHBOURS,
  link: LINKS,
  bridge: BRIDGES,
  mtu: MTUS,
  socket: SOCKETS,
  answer: ANSWERS,
} as const satisfies Readonly<Record<string, Readonly<Record<string, Held>>>>;

type Groups = typeof FEATURES;
export type FeatureGroup = keyof Groups;
export type FeatureOf<G extends FeatureGroup> = `${G}/${keyof Groups[G] & string}`;
export type Feature = { [G in FeatureGroup]: FeatureOf<G> }[FeatureGroup];

/** Each feature's name with how it is held. */
export function allFeatures(): [Feature, Held][] {
  return Object.entries(FEATURES).flatMap(([group, names]) =>
    Object.entries(names).map(([name, held]): [Feature, Held] => [`${group}/${name}` as Feature, held]),
  );
}
