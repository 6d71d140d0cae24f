/**
 * From a snapshot's manifest and its raw texts to the world that netsim walks, with what is expensive kept:
 *
 *   text ──parse──▶ section values (by kind and digest) ──▶ NetnsState ──compile──▶ CompiledNetns (by all digests)
 *
 * Both caches are keyed by content, so they can never be stale; they only forget.
 */
import type {
  Digest,
  NamespaceSnapshot,
  NetnsState,
  Result,
  SectionEntry,
  SectionRef,
  Snapshot,
} from '@netverdict/linux-net';
import { buildWorld, type CompiledNetns, compileNamespace, type World } from '@netverdict/netsim';
import {
  type NetnsSection,
  type ParseProblem,
  parseNetns,
  parseSection,
  type SectionParser,
} from '@netverdict/parsers';
import { Lru } from './lru.ts';

/** undefined: ask for it. null: it is lost, and the section is missing. */
export type TextOf = (digest: Digest) => string | null | undefined;

export type WorldOutcome =
  | { readonly kind: 'world'; readonly world: World }
  /** Texts that are neither given nor kept in parsed form. */
  | { readonly kind: 'texts-wanted'; readonly digests: readonly Digest[] };

interface Compiled {
  readonly net: CompiledNetns;
  readonly digests: ReadonlyMap<string, string>;
}

export class WorldCache {
  /** Weighed by the length of the text. */
  readonly #sections = new Lru<Result<unknown, ParseProblem>>(128 * 1024 * 1024);
  readonly #namespaces = new Lru<Compiled>(512);
  /** The last form of each namespace: most of it is the same the next time. */
  readonly #latest = new Lru<Compiled>(512);

  build(snapshot: Snapshot, textOf: TextOf): WorldOutcome {
    const all = snapshot.nodes.flatMap((node) => node.namespaces);
    const wanted = new Set<Digest>();
    for (const namespace of all) {
      if (this.#namespaces.has(contentKey(namespace))) continue;
      for (const section of namespace.sections)
        if (!('missing' in section) && !this.#sections.has(sectionKey(section)) && textOf(section.digest) === undefined)
          wanted.add(section.digest);
    }
    if (wanted.size > 0) return { kind: 'texts-wanted', digests: [...wanted] };
    const namespaces = all.map((namespace) => {
      const { key, node, kind, pod, inode } = namespace;
      return { key, node, kind, pod, inode, net: this.#compiled(namespace, textOf) };
    });
    const nodes = snapshot.nodes.map(({ node, unavailable }) => ({ node, unavailable }));
    return { kind: 'world', world: buildWorld({ namespaces, nodes, map: snapshot.map }) };
  }

  #compiled(namespace: NamespaceSnapshot, textOf: TextOf): CompiledNetns {
    const content = contentKey(namespace);
    const known = this.#namespaces.get(content);
    if (known) return known.net;
    const lost: Digest[] = [];
    // Held here while parsing: a new section may push an old one out of the cache.
    const held = new Map<string, Result<unknown, ParseProblem>>();
    const sections = namespace.sections.map((entry): NetnsSection => {
      if ('missing' in entry) return entry;
      const parsed = this.#sections.get(sectionKey(entry));
      if (parsed) {
        held.set(sectionKey(entry), parsed);
        return { ref: entry, text: '' };
      }
      const text = textOf(entry.digest) ?? null;
      if (text !== null) return { ref: entry, text };
      lost.push(entry.digest);
      return { kind: entry.kind, missing: 'its text is no longer stored' };
    });
    const before = this.#latest.get(namespace.key);
    const digests = digestsOf(namespace.sections);
    const parsed = parseNetns(sections, this.#parser(held));
    const state = before ? sharing(parsed, before, digests) : parsed;
    const net = compileNamespace(state, before?.net);
    const compiled = { net, digests };
    // A namespace with a lost text is not what its digests say: it must not be found under them.
    if (lost.length > 0) return net;
    this.#namespaces.set(content, compiled, 1);
    this.#latest.set(namespace.key, compiled, 1);
    return net;
  }

  #parser(held: ReadonlyMap<string, Result<unknown, ParseProblem>>): SectionParser {
    return (kind, { ref, text }) => {
      const key = sectionKey(ref);
      const known = held.get(key);
      // The key holds the kind: the value under it is what this kind's parser made.
      if (known) return known as ReturnType<typeof parseSection<typeof kind>>;
      const parsed = parseSection(kind, text);
      this.#sections.set(key, parsed, text.length + 256);
      return parsed;
    };
  }
}

const sectionKey = (ref: SectionRef): string => `${ref.kind} ${ref.digest}`;

const contentKey = (namespace: NamespaceSnapshot): string =>
  [namespace.key, ...namespace.sections.map((s) => ('missing' in s ? `${s.kind} !${s.missing}` : sectionKey(s)))].join(
    '\n',
  );

const digestsOf = (sections: readonly SectionEntry[]): ReadonlyMap<string, string> =>
  new Map(sections.flatMap((s) => ('missing' in s ? [] : [[s.kind, s.digest]])));

/** Devices are resolved against the links, so these are the same only while the links are. */
const NAMES_DEVICES: ReadonlySet<keyof NetnsState> = new Set(['routes4', 'routes6', 'neighbours', 'fdb']);

/** The state with each part that did not change taken from before, so that the compiler keeps what it made of it. */
function sharing(state: NetnsState, before: Compiled, digests: ReadonlyMap<string, string>): NetnsState {
  const sameLinks = before.digests.get('ip-link') === digests.get('ip-link');
  const old = before.net.state;
  const shared: Record<string, unknown> = { ...state };
  for (const part of Object.keys(state) as (keyof NetnsState)[]) {
    const now = state[part];
    const was = old[part];
    if (!now.known || !was.known || now.section?.digest !== was.section?.digest) continue;
    if (NAMES_DEVICES.has(part) && !sameLinks) continue;
    shared[part] = was;
  }
  return shared as unknown as NetnsState;
}
