/** A snapshot grows by rounds: what was read later replaces what was read earlier, namespace by namespace. */
import { createHash } from 'node:crypto';
import type { CollectionNeeded } from '@netverdict/contracts';
import type { NamespaceSnapshot, NodeSnapshot, Snapshot } from '@netverdict/linux-net';
import { absent } from '../collect/node-reader.ts';
import type { TargetsByNode } from '../flow/targets.ts';

/** @param asked what this round asked for, so that a node that fell silent leaves a trace of what is missing. */
export function mergeNodes(
  before: readonly NodeSnapshot[],
  now: readonly NodeSnapshot[],
  asked: TargetsByNode,
): readonly NodeSnapshot[] {
  const merged = new Map(before.map((node) => [node.node, node]));
  for (const node of now) {
    const old = merged.get(node.node);
    merged.set(node.node, old ? mergeNode(old, node, asked) : node);
  }
  return [...merged.values()].sort((a, b) => (a.node < b.node ? -1 : 1));
}

function mergeNode(old: NodeSnapshot, now: NodeSnapshot, asked: TargetsByNode): NodeSnapshot {
  if (now.unavailable !== null) {
    if (old.namespaces.length === 0) return now;
    const reason = now.unavailable;
    const had = new Set(old.namespaces.map((namespace) => namespace.key));
    const gaps = (asked.get(now.node) ?? [])
      .map((target) => absent(now.node, target, reason))
      .filter((namespace) => !had.has(namespace.key));
    return { ...old, namespaces: [...old.namespaces, ...gaps] };
  }
  const namespaces = new Map<string, NamespaceSnapshot>(old.namespaces.map((n) => [n.key, n]));
  for (const namespace of now.namespaces) namespaces.set(namespace.key, namespace);
  return {
    ...now,
    at: old.at < now.at && old.unavailable === null ? old.at : now.at,
    namespaces: [...namespaces.values()],
  };
}

/** Have the sections that decided become others between two rounds? Times of reading do not count. */
export function decidingChanged(
  before: readonly NodeSnapshot[],
  after: readonly NodeSnapshot[],
  deciding: NonNullable<CollectionNeeded['deciding']>,
): boolean {
  const state = (nodes: readonly NodeSnapshot[], key: string, kind: string): string | undefined => {
    const namespace = nodes.flatMap((node) => node.namespaces).find((n) => n.key === key);
    const entry = namespace?.sections.find((section) => section.kind === kind);
    return entry === undefined ? undefined : 'missing' in entry ? 'missing' : entry.digest;
  };
  return deciding.some(({ namespace, kinds }) =>
    kinds.some((kind) => state(before, namespace, kind) !== state(after, namespace, kind)),
  );
}

/** Digest of what the snapshot says, without when it was read: two snapshots of a quiet cluster are equal. */
export function snapshotDigest({ cluster, nodes, map }: Snapshot): string {
  // Canonical JSON (keys in order), put together by hand so that namespaces' texts can be kept.
  const nodeTexts = nodes.map(
    ({ node, unavailable, namespaces }) =>
      `{"namespaces":[${namespaces.map(namespaceText).join(',')}],"node":${JSON.stringify(node)},"unavailable":${JSON.stringify(unavailable)}}`,
  );
  const mapText = JSON.stringify(sorted(map));
  const text = `{"cluster":${JSON.stringify(cluster)},"map":${mapText},"nodes":[${nodeTexts.join(',')}]}`;
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** The same namespace as read once is in the snapshots of all who share it. */
const namespaceTexts = new WeakMap<NamespaceSnapshot, string>();

function namespaceText(namespace: NamespaceSnapshot): string {
  const known = namespaceTexts.get(namespace);
  if (known !== undefined) return known;
  const { key, kind, pod, sections } = namespace;
  const entries = sections.map((s) => ('missing' in s ? s : { kind: s.kind, digest: s.digest }));
  const text = JSON.stringify(sorted({ key, kind, pod, sections: entries }));
  namespaceTexts.set(namespace, text);
  return text;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
