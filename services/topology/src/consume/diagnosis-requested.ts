/**
 * A diagnosis is asked for: resolve the names, build the flow and the intended path, read the nodes, hand on.
 * A redelivery does the same again; the message ids make the second outcome vanish.
 */
import type { DiagnosisRequested } from '@netverdict/contracts';
import type { Snapshot } from '@netverdict/linux-net';
import { type Consumption, TryLater } from '@netverdict/messaging';
import { inSpan } from '@netverdict/telemetry';
import { buildFlow } from '../domain/flow/build-flow.ts';
import { clusterMap } from '../domain/flow/cluster-map.ts';
import { flowFilter } from '../domain/flow/flow-filter.ts';
import { intendedPathOf } from '../domain/flow/intended.ts';
import { initialTargets } from '../domain/flow/targets.ts';
import { networksOf } from '../domain/networks.ts';
import { resolve } from '../domain/resolve/resolve.ts';
import { mergeNodes, snapshotDigest } from '../domain/snapshot/assemble.ts';
import { publishDiagnosisFailed, publishInternalFailure } from '../publish/diagnosis-failed.ts';
import { publishPathBuilt } from '../publish/path-built.ts';
import { progressOf } from '../publish/progress.ts';
import { DEFAULT_MAX_AGE_MS, type Topology } from '../topology.ts';

export function consumeDiagnosisRequested(topology: Topology): Consumption {
  const { bus, cluster } = topology;
  return bus.consume('diagnosis-requested', (body) => handleDiagnosisRequested(topology, body), {
    concurrency: 32,
    onDeadLetter: async (letter, body) => {
      if (body) await publishInternalFailure(bus, cluster, body, `topology gave up: ${letter.reason}`);
    },
  });
}

export async function handleDiagnosisRequested(topology: Topology, asked: DiagnosisRequested): Promise<void> {
  const { bus, cluster, view } = topology;
  const { diagnosisId, attempt, request, deadlineAt } = asked;
  // The asker has its answer by now (the api's deadline): work for nobody.
  if (Date.parse(deadlineAt) < Date.now()) return;
  const progress = progressOf(bus, cluster, asked);
  if (!topology.viewReady()) {
    progress('resolving', `waiting for the API server of cluster ${cluster}`);
    throw new TryLater('the objects of the cluster have not been listed yet');
  }
  const began = performance.now();
  const objects = view.objects();
  const networks = networksOf(objects);
  const resolution = resolve(objects, networks.facts, request);
  if (!resolution.ok) return publishDiagnosisFailed(bus, cluster, asked, resolution.error);
  const { names, notes } = resolution.value;
  progress('resolving', `${names.source} → ${names.destination}`);
  for (const note of notes) progress('resolving', note);
  const flow = buildFlow(request, resolution.value);
  const intendedPath = intendedPathOf(objects, resolution.value, flow.protocol);
  const map = clusterMap(objects, resolution.value);
  const targets = initialTargets(objects, resolution.value, flow.protocol);
  const resolved = performance.now();

  const nodes = await inSpan('collect', { 'netverdict.nodes': targets.size }, () =>
    topology.collector.collect(targets, {
      maxAgeMs: request.maxAgeMs ?? DEFAULT_MAX_AGE_MS,
      flow: flowFilter(flow, resolution.value, map),
      deadlineMs: topology.nodeDeadlineMs,
      onProgress: (message) => progress('collecting', message),
    }),
  );
  const snapshot: Snapshot = { cluster, at: new Date().toISOString(), nodes: mergeNodes([], nodes, targets), map };
  await publishPathBuilt(bus, cluster, {
    diagnosisId,
    attempt,
    round: 0,
    request,
    flow,
    names,
    intendedPath,
    snapshot,
    snapshotDigest: snapshotDigest(snapshot),
    timing: { resolveMs: resolved - began, collectMs: performance.now() - resolved, simulateMs: 0 },
    deadlineAt,
  });
}
