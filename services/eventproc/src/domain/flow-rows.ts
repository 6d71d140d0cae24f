/** What a batch tells of traffic, by pairs and five minutes. Pure. */
import type { AnomalyBatch, FlowRecord } from '@netverdict/contracts';
import type { StoredFlow } from '@netverdict/store';
import { workloadName } from './ends.ts';
import type { Names } from './names.ts';
import { plausibleTime } from './plausible.ts';
import { bounded } from './text.ts';

const BUCKET_MS = 5 * 60_000;
/** The far ends that were more than are told one by one. */
const MANY = 'many';

const bucketOf = (at: string): string => new Date(Math.floor(Date.parse(at) / BUCKET_MS) * BUCKET_MS).toISOString();

export const flowRows = (cluster: string, batch: AnomalyBatch, names: Names, nowMs: number): StoredFlow[] =>
  (batch.flows ?? []).map((flow) => flowRow(cluster, batch.node, flow, names, nowMs));

function flowRow(cluster: string, node: string, flow: FlowRecord, names: Names, nowMs: number): StoredFlow {
  const at = flow.windowEnd;
  const near = flow.pod === null ? `node/${node}` : bounded(`pod/${flow.pod.namespace}/${flow.pod.name}`);
  const nearWorkload = flow.pod === null ? null : (workloadName(flow.workload) ?? names.workload(flow.pod, at));
  const far = flow.peer === null ? MANY : bounded(names.pod(flow.peer, at));
  const owner = flow.peer === null ? null : bounded(names.end(flow.peer, at));
  const farWorkload = owner === far ? null : owner;
  const out = flow.direction === 'out';
  const [there, back] = [
    { bytes: flow.sentBytes, packets: flow.sentPackets },
    { bytes: flow.receivedBytes, packets: flow.receivedPackets },
  ];
  const [forward, backward] = out ? [there, back] : [back, there];
  return {
    bucket: bucketOf(plausibleTime(at, nowMs)),
    cluster,
    node,
    reporter: out ? 'source' : 'destination',
    source: out ? near : far,
    sourceWorkload: out ? nearWorkload : farWorkload,
    destination: out ? far : near,
    destinationWorkload: out ? farWorkload : nearWorkload,
    protocol: flow.protocol,
    port: flow.port ?? 0,
    bytes: forward.bytes,
    packets: forward.packets,
    bytesBack: backward.bytes,
    packetsBack: backward.packets,
    retransmitted: flow.retransmittedPackets,
    connections: flow.opened,
  };
}
