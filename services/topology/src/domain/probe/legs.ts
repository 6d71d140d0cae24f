/**
 * Where the time of followed packets goes: between two places that saw a packet. On one node its clock tells; over two nodes, whose clocks
 * differ, the way there and back together less what the far node kept it. Pure.
 */
import type { ExpectedBranch } from '@netverdict/contracts';
import type { Followed } from './judge.ts';
import type { Seen } from './seen.ts';

export interface Leg {
  /** `kernel`: from device to device within a namespace. `link`: from one device to the next, with its queue. `answer`: at the far end, until the answer leaves. */
  readonly kind: 'kernel' | 'link' | 'wire' | 'answer';
  readonly from: Seen;
  readonly to: Seen;
  readonly ms: number;
}

/** Only the first of each place: a SYN that is sent again would count its waiting as a place's. */
function firsts(seen: readonly Seen[], order: (s: Seen) => number): Seen[] {
  const met = new Set<string>();
  return seen
    .filter((s) => {
      const key = `${s.place} ${s.point} ${s.device} ${s.encapsulated ?? false}`;
      if (s.point === 'dropped' || s.icmp !== undefined || met.has(key)) return false;
      met.add(key);
      return true;
    })
    .sort((a, b) => order(a) - order(b) || a.atMs - b.atMs);
}

const nodeOf = ({ place }: Seen): string => place.slice(0, place.indexOf('/'));

export function legsOf({ seen }: Followed, branches: readonly ExpectedBranch[]): Leg[] {
  const hops = branches.flatMap((branch) => branch.hops);
  const order = (s: Seen): number => {
    const at = hops.findIndex((hop) => hop.place === s.place && hop.direction === s.direction);
    return at < 0 ? 1000 : at;
  };
  const there = firsts(
    seen.filter((s) => s.direction === 'forward'),
    order,
  );
  const back = firsts(
    seen.filter((s) => s.direction === 'reply'),
    order,
  );
  const legs: Leg[] = [];
  for (const list of [there, back])
    for (const [i, to] of list.entries()) {
      const from = list[i - 1];
      if (from === undefined || nodeOf(from) !== nodeOf(to)) continue;
      const kind = from.place === to.place && from.point === 'received' ? 'kernel' : 'link';
      legs.push({ kind, from, to, ms: to.atMs - from.atMs });
    }
  const [arrived, answers] = [there.at(-1), back[0]];
  if (arrived && answers && arrived.place === answers.place)
    legs.push({ kind: 'answer', from: arrived, to: answers, ms: answers.atMs - arrived.atMs });
  for (const [i, to] of there.entries()) {
    const from = there[i - 1];
    if (from === undefined || nodeOf(from) === nodeOf(to)) continue;
    const j = back.findIndex(
      (s, k) => k > 0 && nodeOf(s) === nodeOf(from) && nodeOf(back[k - 1] as Seen) === nodeOf(to),
    );
    const [left, came] = [back[j - 1], back[j]];
    if (left && came) legs.push({ kind: 'wire', from, to, ms: came.atMs - from.atMs - (left.atMs - to.atMs) });
  }
  return legs.map((leg) => ({ ...leg, ms: Math.max(0, leg.ms) }));
}
