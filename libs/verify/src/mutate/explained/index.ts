/**
 * Why nobody can tell certain mutants from the model, by the part of it. Found by their line of code, which stays when lines move.
 * Of two that fit a mutant the first counts: what is said of one change of a line stands before what is said of all of it.
 */
import type { Survivor } from '../mutation-report.ts';
import { OF_ANSWER } from './answer.ts';
import { OF_CONNTRACK } from './conntrack.ts';
import type { Explanation } from './explanation.ts';
import { OF_IPSET } from './ipset.ts';
import { OF_LINK } from './link.ts';
import { OF_NAT } from './nat.ts';
import { OF_NEIGHBOUR } from './neighbour.ts';
import { OF_NETFILTER } from './netfilter.ts';
import { OF_NFT } from './nft.ts';
import { OF_PATH } from './path.ts';
import { OF_ROUTE } from './route.ts';
import { OF_SOCKET } from './socket.ts';

export const EXPLAINED: readonly Explanation[] = [
  ...OF_ANSWER,
  ...OF_CONNTRACK,
  ...OF_IPSET,
  ...OF_LINK,
  ...OF_NAT,
  ...OF_NEIGHBOUR,
  ...OF_NETFILTER,
  ...OF_NFT,
  ...OF_PATH,
  ...OF_ROUTE,
  ...OF_SOCKET,
];

export const explanationOf = ({ file, code, was, replacement }: Survivor): Explanation | null =>
  EXPLAINED.find(
    (e) =>
      e.file === file && code.startsWith(e.code) && (e.change === undefined || e.change === `${was} → ${replacement}`),
  ) ?? null;
