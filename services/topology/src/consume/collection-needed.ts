/**
 * The simulator needs more: the packet went to a namespace that the snapshot lacks, a section was lost, or a negative
 * verdict wants its deciding sections read again. Reads, merges into the snapshot, hands on as the next round.
 */
import type { CollectionNeeded } from '@netverdict/contracts';
import { hostKey, type Snapshot } from '@netverdict/linux-net';
import type { Consumption } from '@netverdict/messaging';
import { inSpan } from '@netverdict/telemetry';
import { flowFilterOfRound } from '../domain/flow/flow-filter.ts';
import { targetsOfNeeds } from '../domain/flow/targets.ts';
import { decidingChanged, mergeNodes, snapshotDigest } from '../domain/snapshot/assemble.ts';
import { publishInternalFailure } from '../publish/diagnosis-failed.ts';
import { publishPathBuilt } from '../publish/path-built.ts';
import { progressOf } from '../publish/progress.ts';
import { DEFAULT_MAX_AGE_MS, type Topology } from '../topology.ts';

export function consumeCollectionNeeded(topology: Topology): Consumption {
  const { bus, cluster } = topology;
  return bus.consume('collection-needed', (body) => handleCollectionNeeded(topology, body), {
    concurrency: 32,
    onDeadLetter: async (letter, body) => {
      if (body) await publishInternalFailure(bus, cluster, body, `topology gave up: ${letter.reason}`);
    },
  });
}

export async function handleCollectionNeeded(topology: Topology, asked: CollectionNeeded): Promise<void> {
  const { bus, cluster, collector } = topology;
  const { previous, needs, recheck } = asked;
  if (Date.parse(previous.deadlineAt) < Date.now()) return;
  const progress = progressOf(bus, cluster, asked);
  const targets = targetsOfNeeds(needs);
  if (recheck) progress('collecting', `reading again what the verdict rests on (${[...targets.keys()].join(', ')})`);
  else for (const need of needs.slice(0, 4)) progress('collecting', need.why);
  const began = performance.now();
  const nodes = await inSpan('collect', { 'netverdict.nodes': targets.size }, () =>
    collector.collect(targets, {
      maxAgeMs: recheck ? recheckAgeMs(asked) : (previous.request.maxAgeMs ?? DEFAULT_MAX_AGE_MS),
      flow: flowFilterOfRound(previous.flow, sourceAddresses(previous), previous.snapshot.map),
      deadlineMs: topology.nodeDeadlineMs,
      onProgress: (message) => progress('collecting', message),
    }),
  );
  const merged = mergeNodes(previous.snapshot.nodes, nodes, targets);
  const snapshot: Snapshot = { ...previous.snapshot, at: new Date().toISOString(), nodes: merged };
  const collectMs = previous.timing.collectMs + performance.now() - began;
  await publishPathBuilt(bus, cluster, {
    ...previous,
    round: asked.round + 1,
    snapshot,
    snapshotDigest: snapshotDigest(snapshot),
    timing: { ...previous.timing, collectMs },
    ...(recheck ? { recheck: recheckOf(asked, snapshot) } : {}),
  });
}

function recheckOf({ previous, deciding }: CollectionNeeded, snapshot: Snapshot): { count: number; changed: boolean } {
  return {
    count: (previous.recheck?.count ?? 0) + 1,
    changed: decidingChanged(previous.snapshot.nodes, snapshot.nodes, deciding ?? []),
  };
}

/**
 * The first rereading needs state from after the question, which another diagnosis may just have read; a second one
 * is about what moves, and reads now.
 */
function recheckAgeMs({ previous }: CollectionNeeded): number {
  if (previous.recheck !== undefined || previous.request.maxAgeMs === 0) return 0;
  return Math.max(0, Date.now() - acceptedAtMs(previous.diagnosisId));
}

/** A diagnosis id is `dg_` and a UUIDv7: its first 48 bits are the milliseconds of its acceptance (RFC 9562, 5.7). */
function acceptedAtMs(diagnosisId: string): number {
  const ms = Number.parseInt(diagnosisId.slice(3).replaceAll('-', '').slice(0, 12), 16);
  return Number.isFinite(ms) ? ms : Date.now();
}

/** Addresses of the source's namespace by the map: its pod's, or its node's. */
function sourceAddresses({ flow, snapshot }: CollectionNeeded['previous']): readonly string[] {
  if (flow.source.kind === 'external') return [flow.source.address];
  const key = flow.source.namespace;
  const node = snapshot.map.nodes.find((n) => hostKey(n.name) === key);
  if (node) return node.addresses;
  return snapshot.map.pods.find((p) => key === `${p.node}/pod/${p.namespace}/${p.name}`)?.addresses ?? [];
}
