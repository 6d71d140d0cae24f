/** What leaves the node in one window is bounded: of many keys the greatest are told one by one, the others by namespace and reason, without addresses. */
import type { Aggregate, Key } from './records.ts';

/** Per probe and window. */
export const MOST_TOLD = 200;

const nowhere = { address: null, port: null };

/** Nothing is left out: the counts of what is returned are those of what was given. */
export function withinBudget(aggregates: readonly Aggregate[], most = MOST_TOLD): Aggregate[] {
  const byProbe = new Map<number, Aggregate[]>();
  for (const aggregate of aggregates) {
    const own = byProbe.get(aggregate.key.probe);
    if (own === undefined) byProbe.set(aggregate.key.probe, [aggregate]);
    else own.push(aggregate);
  }
  return [...byProbe.values()].flatMap((own) => {
    if (own.length <= most) return own;
    own.sort((x, y) => y.count - x.count);
    return [...own.slice(0, most), ...together(own.slice(most))];
  });
}

function together(aggregates: readonly Aggregate[]): Aggregate[] {
  const sums = new Map<string, Aggregate>();
  for (const aggregate of aggregates) {
    const { key } = aggregate;
    const at = [key.netns, key.reason, key.location, key.direction, key.protocol, key.detail].join('/');
    const before = sums.get(at);
    sums.set(
      at,
      before === undefined ? { ...aggregate, key: withoutEnds(key), coarse: true } : added(before, aggregate),
    );
  }
  return [...sums.values()];
}

const withoutEnds = (key: Key): Key => ({ ...key, family: null, source: nowhere, destination: nowhere, ifindex: 0 });

const added = (sum: Aggregate, { count, bytes, firstNs, lastNs, samples }: Aggregate): Aggregate => ({
  ...sum,
  count: sum.count + count,
  bytes: sum.bytes + bytes,
  firstNs: firstNs < sum.firstNs ? firstNs : sum.firstNs,
  lastNs: lastNs > sum.lastNs ? lastNs : sum.lastNs,
  samples: sum.samples + samples,
});
