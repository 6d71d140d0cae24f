/**
 * Sets and maps, prepared for lookup. Exact keys are a hash map; intervals are sorted by where they begin; concatenations
 * with ranges are hashed by the fields in which an element is exact (nft_set_hash.c, nft_set_rbtree.c, nft_set_pipapo.c).
 */
import type { Hex, NftElement, NftSet } from '@netverdict/linux-net';
import { compatible, isKnown } from './registers.ts';

export type SetShape = 'hash' | 'concatenation' | 'interval' | 'concatenation-of-intervals';

export interface CompiledSet {
  readonly set: NftSet;
  readonly shape: SetShape;
  readonly catchAll: NftElement | null;
  readonly exact: ReadonlyMap<Hex, NftElement>;
  /** Of intervals: where one begins or (`end`) the one before ends, in order. */
  readonly edges: readonly Edge[];
  readonly groups: readonly RangeGroup[];
  /** Elements by the first field, for keys of which the rest is not known. */
  readonly byFirst: () => ReadonlyMap<Hex, readonly NftElement[]>;
}

interface Edge {
  readonly key: Hex;
  readonly element: NftElement;
}

/** Elements that are exact in the same fields. */
interface RangeGroup {
  readonly exactFields: readonly Field[];
  readonly rangeFields: readonly Field[];
  readonly byExact: ReadonlyMap<string, readonly { readonly element: NftElement; readonly rank: number }[]>;
}

/** Where a field stands in the key's text. */
interface Field {
  readonly from: number;
  readonly to: number;
}

export function compileSet(set: NftSet): CompiledSet {
  const plain = set.elements.filter((e) => e.key !== null);
  const concatenated = set.fieldBytes.length > 1;
  const ranged = concatenated && (set.interval || plain.some((e) => e.keyEnd !== null && e.keyEnd !== e.key));
  const shape: SetShape = ranged
    ? 'concatenation-of-intervals'
    : concatenated
      ? 'concatenation'
      : set.interval
        ? 'interval'
        : 'hash';
  let byFirst: ReadonlyMap<Hex, readonly NftElement[]> | null = null;
  return {
    set,
    shape,
    catchAll: set.elements.find((e) => e.key === null) ?? null,
    exact: shape === 'hash' || shape === 'concatenation' ? new Map(plain.map((e) => [e.key as Hex, e])) : new Map(),
    edges: shape === 'interval' ? edgesOf(plain) : [],
    groups: ranged ? groupsOf(set, plain) : [],
    byFirst: () => (byFirst ??= indexFirst(set, plain)),
  };
}

/** An interval may come with its last key instead of an edge that ends it. At one key the end of one comes before the next begins. */
function edgesOf(elements: readonly NftElement[]): readonly Edge[] {
  const edges: Edge[] = [];
  for (const element of elements) {
    const key = element.key as Hex;
    edges.push({ key, element });
    if (element.keyEnd !== null) {
      const after = successor(element.keyEnd);
      if (after !== null) edges.push({ key: after, element: { ...element, key: after, intervalEnd: true } });
    }
  }
  return edges.sort((a, b) =>
    a.key < b.key ? -1 : a.key > b.key ? 1 : Number(b.element.intervalEnd) - Number(a.element.intervalEnd),
  );
}

function successor(key: Hex): Hex | null {
  const next = (BigInt(`0x${key}`) + 1n).toString(16);
  return next.length > key.length ? null : next.padStart(key.length, '0');
}

function fieldsOf(set: NftSet): readonly Field[] {
  let at = 0;
  return set.fieldBytes.map((bytes) => {
    const from = at;
    at += Math.ceil(bytes / 4) * 8;
    return { from, to: from + bytes * 2 };
  });
}

function groupsOf(set: NftSet, elements: readonly NftElement[]): readonly RangeGroup[] {
  const fields = fieldsOf(set);
  const groups = new Map<
    string,
    { group: RangeGroup; byExact: Map<string, { element: NftElement; rank: number }[]> }
  >();
  elements.forEach((element, rank) => {
    const key = element.key as Hex;
    const end = element.keyEnd ?? key;
    const exact = fields.map((f) => key.slice(f.from, f.to) === end.slice(f.from, f.to));
    const name = exact.map(Number).join('');
    let entry = groups.get(name);
    if (!entry) {
      const byExact = new Map<string, { element: NftElement; rank: number }[]>();
      const group = {
        exactFields: fields.filter((_, i) => exact[i]),
        rangeFields: fields.filter((_, i) => !exact[i]),
        byExact,
      };
      entry = { group, byExact };
      groups.set(name, entry);
    }
    const at = pick(entry.group.exactFields, key);
    const list = entry.byExact.get(at);
    if (list) list.push({ element, rank });
    else entry.byExact.set(at, [{ element, rank }]);
  });
  return [...groups.values()].map((entry) => entry.group);
}

const pick = (fields: readonly Field[], key: Hex): string => fields.map((f) => key.slice(f.from, f.to)).join('.');

function indexFirst(set: NftSet, elements: readonly NftElement[]): ReadonlyMap<Hex, readonly NftElement[]> {
  const [first] = fieldsOf(set);
  const index = new Map<Hex, NftElement[]>();
  for (const element of elements) {
    const key = (element.key as Hex).slice(0, first?.to);
    const list = index.get(key);
    if (list) list.push(element);
    else index.set(key, [element]);
  }
  return index;
}

/** The element that holds a key of which every byte is known. */
export function find(compiled: CompiledSet, key: Hex): NftElement | null {
  return findPlain(compiled, key) ?? compiled.catchAll;
}

function findPlain(compiled: CompiledSet, key: Hex): NftElement | null {
  switch (compiled.shape) {
    case 'hash':
    case 'concatenation':
      return compiled.exact.get(key) ?? null;
    case 'interval': {
      const edge = lastEdge(compiled.edges, key);
      return edge && !edge.element.intervalEnd ? edge.element : null;
    }
    case 'concatenation-of-intervals': {
      let best: { element: NftElement; rank: number } | null = null;
      for (const group of compiled.groups)
        for (const candidate of group.byExact.get(pick(group.exactFields, key)) ?? [])
          if ((best === null || candidate.rank < best.rank) && inRanges(group.rangeFields, candidate.element, key))
            best = candidate;
      return best?.element ?? null;
    }
  }
}

/** The last edge that is not behind the key. */
function lastEdge(edges: readonly Edge[], key: Hex): Edge | null {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((edges[middle] as Edge).key <= key) low = middle + 1;
    else high = middle;
  }
  return edges[low - 1] ?? null;
}

const inRanges = (fields: readonly Field[], element: NftElement, key: Hex): boolean =>
  fields.every((f) => {
    const value = key.slice(f.from, f.to);
    return (
      value >= (element.key as Hex).slice(f.from, f.to) &&
      value <= (element.keyEnd ?? element.key ?? '').slice(f.from, f.to)
    );
  });

/** What a key with unknown bytes may hit: these elements, and `null` where it may hit none. */
export function candidates(compiled: CompiledSet, key: Hex): readonly (NftElement | null)[] {
  const { set } = compiled;
  const none = compiled.catchAll;
  switch (compiled.shape) {
    case 'hash':
    case 'concatenation': {
      const firstEnd = fieldsOf(set)[0]?.to ?? key.length;
      const first = key.slice(0, firstEnd);
      const pool = isKnown(first) ? (compiled.byFirst().get(first) ?? []) : [...compiled.exact.values()];
      const hits = pool.filter((e) => compatible(e.key as Hex, key));
      return hits.length > 0 ? [...hits, none] : [none];
    }
    case 'interval': {
      // The unknown bytes lie between all zeros and all ones: whatever begins there, and what holds the lowest key.
      const low = key.replaceAll('?', '0');
      const high = key.replaceAll('?', 'f');
      const hits = new Set<NftElement | null>();
      const start = lastEdge(compiled.edges, low);
      hits.add(start && !start.element.intervalEnd ? start.element : none);
      for (const { key: at, element } of compiled.edges)
        if (at > low && at <= high) hits.add(element.intervalEnd ? none : element);
      return [...hits];
    }
    case 'concatenation-of-intervals': {
      const low = key.replaceAll('?', '0');
      const high = key.replaceAll('?', 'f');
      const fields = fieldsOf(set);
      const hits = set.elements.filter(
        (e) =>
          e.key !== null &&
          fields.every((f) => {
            const from = (e.key as Hex).slice(f.from, f.to);
            const to = (e.keyEnd ?? e.key ?? '').slice(f.from, f.to);
            return low.slice(f.from, f.to) <= to && high.slice(f.from, f.to) >= from;
          }),
      );
      return hits.length > 0 ? [...hits, none] : [none];
    }
  }
}
