/**
 * Longest-prefix match over the routes of one table. One hash per prefix length that occurs, longest first:
 * with at most 33 (129) lengths that is as good as a trie. Within a prefix: TOS set before unset, then metric
 * (the kernel's order of fib_alias, net/ipv4/fib_trie.c).
 */
import { type IpAddress, maskAddress, type Route } from '@netverdict/linux-net';

const NONE: readonly Route[] = [];

export class PrefixIndex {
  readonly routes: readonly Route[];
  readonly #lengths: readonly { readonly length: number; readonly routes: ReadonlyMap<IpAddress, readonly Route[]> }[];

  constructor(routes: readonly Route[]) {
    this.routes = routes;
    const byLength = new Map<number, Map<IpAddress, Route[]>>();
    for (const route of routes) {
      const { length, address } = route.destination;
      const bucket = byLength.get(length) ?? new Map<IpAddress, Route[]>();
      byLength.set(length, bucket);
      const list = bucket.get(address);
      if (list) list.push(route);
      else bucket.set(address, [route]);
    }
    // Of one prefix in two tables that are asked as one, the table of the higher number comes first.
    for (const bucket of byLength.values())
      for (const list of bucket.values())
        list.sort((a, b) => b.table - a.table || b.tos - a.tos || a.metric - b.metric);
    this.#lengths = [...byLength].sort(([a], [b]) => b - a).map(([length, map]) => ({ length, routes: map }));
  }

  /** What depends on the route and the others here alone, found out once. */
  remembers(route: Route, find: (route: Route, index: PrefixIndex) => boolean): boolean {
    let answer = this.#found.get(route);
    if (answer === undefined) {
      answer = find(route, this);
      this.#found.set(route, answer);
    }
    return answer;
  }
  readonly #found = new Map<Route, boolean>();

  /** Every route whose prefix holds the address, best first. */
  matching(address: IpAddress): readonly Route[] {
    let all: Route[] | null = null;
    let only: readonly Route[] = NONE;
    for (const { length, routes } of this.#lengths) {
      const found = routes.get(maskAddress(address, length));
      if (!found) continue;
      if (only === NONE) only = found;
      else {
        all ??= [...only];
        for (const route of found) all.push(route);
      }
    }
    return all ?? only;
  }

  /** The same, the routes of each prefix together. */
  nodes(address: IpAddress): readonly (readonly Route[])[] {
    const all: (readonly Route[])[] = [];
    for (const { length, routes } of this.#lengths) {
      const found = routes.get(maskAddress(address, length));
      if (found) all.push(found);
    }
    return all;
  }
}
