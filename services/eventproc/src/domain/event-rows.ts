/** A batch as rows. Pure: the same batch is always the same rows, with the same ids. */
import type { Anomaly, AnomalyBatch, AnomalySample } from '@netverdict/contracts';
import type { StoredEvent } from '@netverdict/store';
import { type Ends, endsOf } from './ends.ts';
import type { Names } from './names.ts';
import { bounded } from './text.ts';

export interface EventRow {
  readonly event: StoredEvent;
  readonly ends: Ends;
}

const SAMPLES = 5;
const STACK = 16;
const DETAILS = 20;

export function eventRows(cluster: string, batch: AnomalyBatch, names: Names): EventRow[] {
  return batch.anomalies.map((anomaly, index) => {
    const ends = endsOf({ ...anomaly, node: batch.node, at: anomaly.windowEnd }, names);
    return { ends, event: rowOf(cluster, batch, anomaly, index, ends) };
  });
}

function rowOf(cluster: string, batch: AnomalyBatch, anomaly: Anomaly, index: number, ends: Ends): StoredEvent {
  const { tuple, details, samples } = anomaly;
  return {
    id: `${cluster}/${batch.node}/${batch.epoch}/${batch.seq}/${index}`,
    cluster,
    node: batch.node,
    netns: anomaly.netns,
    pod: anomaly.pod && { namespace: bounded(anomaly.pod.namespace), name: bounded(anomaly.pod.name) },
    kind: anomaly.kind,
    count: anomaly.count,
    windowStart: anomaly.windowStart,
    windowEnd: anomaly.windowEnd,
    workload: ends.workload,
    ...(ends.peer === '' ? {} : { peer: ends.peer }),
    ...(ends.peerAddress === null ? {} : { peerAddress: bounded(ends.peerAddress) }),
    ...(anomaly.oneIn === undefined ? {} : { oneIn: anomaly.oneIn }),
    ...text('probe', anomaly.probe),
    ...text('reason', anomaly.reason),
    ...text('function', anomaly.function),
    ...text('hook', anomaly.hook),
    ...(anomaly.direction === undefined ? {} : { direction: anomaly.direction }),
    ...(tuple === undefined ? {} : { protocol: tuple.protocol }),
    ...text('source', tuple?.source ?? undefined),
    ...(tuple?.sourcePort == null ? {} : { sourcePort: tuple.sourcePort }),
    ...text('destination', tuple?.destination ?? undefined),
    ...(tuple?.destinationPort == null ? {} : { destinationPort: tuple.destinationPort }),
    ...(anomaly.bytes === undefined ? {} : { bytes: anomaly.bytes }),
    ...(details === undefined ? {} : { details: boundedDetails(details) }),
    ...(samples === undefined ? {} : { samples: boundedSamples(samples) }),
  };
}

const text = <K extends string>(name: K, value: string | undefined): { readonly [name in K]?: string } =>
  (value === undefined ? {} : { [name]: bounded(value) }) as { readonly [name in K]?: string };

function boundedDetails(details: NonNullable<Anomaly['details']>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(details)
      .slice(0, DETAILS)
      .map(([name, value]) => [bounded(name, 64), typeof value === 'string' ? bounded(value) : value]),
  );
}

/** What is stored as JSON may hold anything that JSON can; only its size is bounded. */
function boundedSamples(samples: readonly AnomalySample[]): AnomalySample[] {
  return samples.slice(0, SAMPLES).map((sample) => ({
    ...sample,
    ...(sample.stack === undefined ? {} : { stack: sample.stack.slice(0, STACK).map((name) => bounded(name, 128)) }),
  }));
}
