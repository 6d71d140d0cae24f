/** Sightings put in order: by the packet that they are of, and along the expected path. Pure. */
import type { ExpectedBranch, ExpectedTarget, ProbeAttempt, Sighting } from '@netverdict/contracts';
import type { NamespaceKey } from '@netverdict/linux-net';
import type { SeenAt } from '@netverdict/verdict';
import type { Followed, Observed } from './judge.ts';

export interface Seen extends Sighting {
  readonly place: NamespaceKey;
  readonly direction: 'forward' | 'reply';
}

/**
 * By signature; each in the order of time, as far as the nodes' clocks agree. A connection's beginning and the data over it have one signature
 * and are told apart: the one may pass where the other does not.
 */
export function seenOf(
  { sightings, placeOf }: Pick<Observed, 'sightings' | 'placeOf'>,
  of: 'data' | 'the rest',
): Map<string, Seen[]> {
  const all = new Map<string, Seen[]>();
  for (const { node, sightings: own } of sightings)
    for (const sighting of own) {
      if ((sighting.data === true) !== (of === 'data')) continue;
      const seen: Seen = {
        ...sighting,
        place: placeOf(node, sighting.netns),
        direction: sighting.answer ? 'reply' : 'forward',
      };
      const known = all.get(sighting.signature);
      if (known) known.push(seen);
      else all.set(sighting.signature, [seen]);
    }
  for (const list of all.values()) list.sort((a, b) => a.atMs - b.atMs);
  return all;
}

/** What the attempt's packet is known by: its token, or the number of the SYN that left from its own end. */
export function signatureOf(
  { token, local }: ProbeAttempt,
  { address, port }: ExpectedTarget,
  all: ReadonlyMap<string, readonly Seen[]>,
): string | null {
  if (token !== undefined) return token;
  if (local === null) return null;
  for (const [signature, seen] of all)
    if (
      seen.some(
        (s) =>
          s.direction === 'forward' &&
          s.source === local.address &&
          s.sourcePort === local.port &&
          s.destination === address &&
          s.destinationPort === port,
      )
    )
      return signature;
  return null;
}

/** Of all attempts together: where, how often; along the way there, then back. */
export function summaryOf(followed: readonly Followed[], branches: readonly ExpectedBranch[]): SeenAt[] {
  const counts = new Map<string, { at: SeenAt; order: number; atMs: number }>();
  const hops = branches.flatMap((branch) => branch.hops);
  const orderOf = ({ place, direction }: Seen): number => {
    const at = hops.findIndex((hop) => hop.place === place && hop.direction === direction);
    return (direction === 'reply' ? 10_000 : 0) + (at < 0 ? 5000 : at);
  };
  for (const { seen, data } of followed) {
    const [first] = seen;
    for (const s of [...seen, ...data]) {
      const { place, direction, point, device, reason, function: within, hook } = s;
      const key = [place, direction, point, device, reason, hook, s.data].join(' ');
      const known = counts.get(key);
      const at: SeenAt = {
        place,
        direction,
        point,
        device,
        count: (known?.at.count ?? 0) + 1,
        ...(s.data ? { data: true } : {}),
        ...(reason === undefined ? {} : { reason }),
        ...(within === undefined ? {} : { function: within }),
        ...(hook === undefined ? {} : { hook }),
      };
      counts.set(key, { at, order: orderOf(s), atMs: known?.atMs ?? s.atMs - (first?.atMs ?? 0) });
    }
  }
  return [...counts.values()].sort((a, b) => a.order - b.order || a.atMs - b.atMs).map(({ at }) => at);
}
