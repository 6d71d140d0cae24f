/**
 * What follows from one evaluation: a verdict, or another round of collection. Pure.
 *
 *   needs left, rounds left ─────────────────────────▶ collect them
 *   negative, rests on state older than the question ─▶ read that again (twice at most)
 *   negative, and it changed at both rereadings ──────▶ undetermined: changing
 *   else ─────────────────────────────────────────────▶ verdict
 */
import type { CollectionNeeded, PathBuilt } from '@netverdict/contracts';
import { hostKey, type NamespaceSnapshot, type Need, netnsKey, podKey, type Snapshot } from '@netverdict/linux-net';
import type { Diagnosis } from '@netverdict/verdict';
import { undeterminedChanging } from './changing.ts';
import type { EvaluationResult } from './evaluation/protocol.ts';

export type NextStep =
  | { readonly kind: 'verdict'; readonly diagnosis: Diagnosis }
  | {
      readonly kind: 'collect';
      readonly needs: readonly Need[];
      readonly recheck: boolean;
      readonly deciding: NonNullable<CollectionNeeded['deciding']>;
    };

/** Rounds of collection for what the packet meets beyond the intended path. */
export const MAX_ROUNDS = 6;
const MAX_RECHECKS = 2;
/** Time that one more round takes at worst (a silent agent): with less left the answer is given as it is. */
const ROUND_MS = 3500;

export function nextStep(asked: PathBuilt, result: EvaluationResult, nowMs: number): NextStep {
  const { diagnosis } = result;
  const verdict: NextStep = { kind: 'verdict', diagnosis };
  if (Date.parse(asked.deadlineAt) - nowMs < ROUND_MS) return verdict;
  const needs = newNeeds(asked.snapshot, result.needs);
  const rechecks = asked.recheck?.count ?? 0;
  if (needs.length > 0 && asked.round - rechecks < MAX_ROUNDS)
    return { kind: 'collect', needs, recheck: false, deciding: [] };
  const { outcome } = diagnosis.verdict;
  if (outcome !== 'unreachable' && outcome !== 'partially-reachable') return verdict;
  if (asked.recheck !== undefined && !asked.recheck.changed) return verdict;
  if (rechecks >= MAX_RECHECKS) return { kind: 'verdict', diagnosis: undeterminedChanging(diagnosis) };
  // After a change the verdict rests on what was just read, and is as good as the first: it is looked at once more.
  const acceptedMs = asked.recheck?.changed ? nowMs : acceptedAtMs(asked.diagnosisId);
  const stale = result.deciding.filter(({ namespace, kinds }) => isOlder(asked.snapshot, namespace, kinds, acceptedMs));
  if (stale.length === 0) return verdict;
  const again = needsOf(
    asked.snapshot,
    stale.map((d) => d.namespace),
  );
  if (again.length === 0) return verdict;
  const deciding = stale.map(({ namespace, kinds }) => ({ namespace, kinds: [...kinds] }));
  return { kind: 'collect', needs: again, recheck: true, deciding };
}

/** A diagnosis id is `dg_` and a UUIDv7: its first 48 bits are the milliseconds of its acceptance (RFC 9562, 5.7). */
export function acceptedAtMs(diagnosisId: string): number {
  const ms = Number.parseInt(diagnosisId.slice(3).replaceAll('-', '').slice(0, 12), 16);
  return Number.isFinite(ms) ? ms : 0;
}

/** Needs whose namespace the snapshot lacks: one that was asked for and not found stands there with its sections missing. */
function newNeeds(snapshot: Snapshot, needs: readonly Need[]): Need[] {
  const nodes = new Map(snapshot.nodes.map((node) => [node.node, node]));
  return needs.filter((need) => {
    const node = nodes.get(need.node);
    if (!node) return snapshot.map.nodes.some((known) => known.name === need.node);
    if (node.unavailable !== null) return false;
    return !node.namespaces.some((namespace) => isNamespaceOf(need, namespace));
  });
}

function isNamespaceOf(need: Need, namespace: NamespaceSnapshot): boolean {
  switch (need.kind) {
    case 'node':
      return namespace.key === hostKey(need.node);
    case 'pod':
      return namespace.key === podKey(need.node, need.namespace, need.pod);
    case 'netns':
      return namespace.inode === need.inode || namespace.key === netnsKey(need.node, need.inode);
  }
}

function isOlder(snapshot: Snapshot, key: string, kinds: readonly string[], thanMs: number): boolean {
  for (const node of snapshot.nodes)
    for (const namespace of node.namespaces) {
      if (namespace.key !== key) continue;
      return namespace.sections.some(
        (s) => kinds.includes(s.kind) && !('missing' in s) && Date.parse(s.at) - (node.clockOffsetMs ?? 0) < thanMs,
      );
    }
  return false;
}

function needsOf(snapshot: Snapshot, keys: readonly string[]): Need[] {
  const why = 'the verdict rests on it';
  const namespaces = snapshot.nodes.flatMap((node) => node.namespaces);
  return [...new Set(keys)].flatMap((key): Need[] => {
    const found = namespaces.find((namespace) => namespace.key === key);
    return found ? [needFor(found, why)] : [];
  });
}

export function needFor({ node, kind, pod, inode }: NamespaceSnapshot, why: string): Need {
  if (kind === 'host') return { kind: 'node', node, why };
  if (pod) return { kind: 'pod', node, namespace: pod.namespace, pod: pod.name, why };
  return { kind: 'netns', node, inode, why };
}
