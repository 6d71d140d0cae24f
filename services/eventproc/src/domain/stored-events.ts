/** A batch as rows. Pure: the same batch is always the same rows, with the same ids. */
import type { AnomalyBatch } from '@netverdict/contracts';
import type { StoredEvent } from '@netverdict/store';

export const storedEvents = (cluster: string, batch: AnomalyBatch): StoredEvent[] =>
  batch.anomalies.map((anomaly, index) => ({
    id: `${cluster}/${batch.node}/${batch.epoch}/${batch.seq}/${index}`,
    cluster,
    node: batch.node,
    netns: anomaly.netns,
    pod: anomaly.pod,
    kind: anomaly.kind,
    count: anomaly.count,
    windowStart: anomaly.windowStart,
    windowEnd: anomaly.windowEnd,
  }));
