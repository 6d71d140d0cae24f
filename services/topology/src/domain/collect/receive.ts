/**
 * Takes one answer of an agent: manifest, sections in parts, end. Every text is verified against its digest before it
 * is stored, so a confused or lying agent can spoil nothing but its own node's sections.
 */
import { sectionDigest } from '@netverdict/collect';
import type { CollectChunk } from '@netverdict/contracts';
import type { NamespaceSnapshot, NodeSnapshot, SectionEntry, SectionKind } from '@netverdict/linux-net';
import type { SectionStore } from './ports.ts';

interface Assembly {
  readonly kind: SectionKind;
  readonly parts: string[];
  readonly count: number;
}

/** Texts that the agent was told to leave out, as they were stored, are stored no more. */
export class StoredNoMore extends Error {
  override readonly name = 'StoredNoMore';
}

/**
 * @param known the digests whose texts the agent was told to leave out
 * @throws StoredNoMore; an Error with the agent's own words, or when the answer is not whole
 */
export async function receive(
  node: string,
  chunks: AsyncIterable<CollectChunk>,
  store: SectionStore,
  known: readonly string[],
): Promise<NodeSnapshot> {
  let manifest: NodeSnapshot | null = null;
  let ended = false;
  const open = new Map<string, Assembly>();
  const good = new Set<string>();
  const bad = new Set<string>();
  const writing: Promise<void>[] = [];
  for await (const chunk of chunks) {
    if (chunk.kind === 'error') throw new Error(`the agent of ${node} says: ${chunk.message}`);
    if (chunk.kind === 'manifest') manifest = chunk.node;
    if (chunk.kind === 'end') ended = true;
    if (chunk.kind !== 'section') continue;
    const key = `${chunk.sectionKind} ${chunk.digest}`;
    const assembly = open.get(key) ?? { kind: chunk.sectionKind, parts: [], count: chunk.parts };
    open.set(key, assembly);
    assembly.parts[chunk.part] = chunk.text;
    if (assembly.parts.filter((part) => part !== undefined).length < assembly.count) continue;
    open.delete(key);
    const text = assembly.parts.join('');
    if (sectionDigest(chunk.sectionKind, text) !== chunk.digest) {
      bad.add(chunk.digest);
      continue;
    }
    good.add(chunk.digest);
    const write = store.put(chunk.digest, text);
    // Awaited together below; a failure meanwhile must not become an unhandled rejection.
    write.catch(() => {});
    writing.push(write);
  }
  if (!manifest || !ended) throw new Error(`the answer of ${node} broke off`);
  await Promise.all(writing);
  return checked(node, manifest, { good, bad, store, known: new Set(known) });
}

interface Received {
  readonly good: ReadonlySet<string>;
  readonly bad: ReadonlySet<string>;
  readonly store: SectionStore;
  readonly known: ReadonlySet<string>;
}

/** The manifest with every section that is not in the store made a missing one. */
async function checked(node: string, manifest: NodeSnapshot, received: Received): Promise<NodeSnapshot> {
  const namespaces: NamespaceSnapshot[] = [];
  for (const namespace of manifest.namespaces) {
    const sections = await Promise.all(namespace.sections.map((entry) => checkedEntry(entry, received)));
    // The node's name is the subject's, not what the manifest claims.
    namespaces.push({ ...namespace, node, sections });
  }
  return { ...manifest, node, namespaces };
}

async function checkedEntry(entry: SectionEntry, { good, bad, store, known }: Received): Promise<SectionEntry> {
  if ('missing' in entry || good.has(entry.digest)) return entry;
  if (bad.has(entry.digest)) return { kind: entry.kind, missing: 'the text that came does not have its digest' };
  if (await store.has(entry.digest)) return entry;
  if (known.has(entry.digest)) throw new StoredNoMore(`the stored text of ${entry.kind} is lost`);
  return { kind: entry.kind, missing: 'the agent did not send its text' };
}
