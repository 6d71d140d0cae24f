/** What hosts have learned in this run of who asked them, or whom they heard ask: it takes the place of their tables' entries. */
import type { IpAddress, Ipv4, Link, Mac, Neighbour } from '@netverdict/linux-net';
import type { Member } from '../link/spread.ts';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';

export interface LearnedNeighbour {
  readonly ns: WorldNamespace;
  readonly link: Link;
  readonly address: IpAddress;
  mac: Mac;
}

/** What was put there by hand is not changed by what is learned (neigh_update): see resolve.ts. */
const FIXED: readonly Neighbour['state'][] = ['permanent', 'noarp'];
export const isFixed = (entry: Neighbour | undefined): boolean => entry !== undefined && FIXED.includes(entry.state);

/** A few at most. */
const find = ({ neighbours }: Walk, ns: WorldNamespace, link: Link, address: IpAddress): LearnedNeighbour | undefined =>
  neighbours.find((known) => known.ns === ns && known.link === link && known.address === address);

export const learnedBy = (walk: Walk, ns: WorldNamespace, link: Link, address: IpAddress): Mac | undefined =>
  walk.neighbours.length === 0 ? undefined : find(walk, ns, link, address)?.mac;

/** neigh_event_ns, ndisc_recv_ns: who is asked learns who asks. */
export function learn(walk: Walk, { ns, link }: Member, address: IpAddress, mac: Mac): void {
  const before = find(walk, ns, link, address);
  if (before) before.mac = mac;
  else walk.neighbours.push({ ns, link, address, mac });
}

/**
 * arp_process: who hears a request for another's address corrects what it has of the asker, and learns nothing new. An entry that
 * was changed within the last second (locktime) is left as it is: how long ago that was is not collected, and entries live longer.
 */
export function overhear(walk: Walk, members: readonly Member[], asker: Ipv4, mac: Mac, wanted: IpAddress): void {
  for (const member of members) {
    const { ns, link } = member;
    if (link.noarp || ns.net.own.has(wanted)) continue;
    const known = ns.net.neighbours.get(link.ifindex)?.get(asker) ?? find(walk, ns, link, asker);
    if (known && known.mac !== mac) learn(walk, member, asker, mac);
  }
}
