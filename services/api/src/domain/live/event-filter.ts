/** The filters of the list of events, for one event at a time: what a live stream leaves out, the list leaves out too. */
import type { EventFilter, StoredEvent } from '@netverdict/store';
import { type Checks, meetsAll } from './conditions.ts';

export type EventConditions = Omit<EventFilter, 'limit' | 'before'>;

/** Condition by condition, so that a new one of the list does not compile until it is met here. */
const MEETS: Checks<StoredEvent, EventConditions> = {
  cluster: (event, cluster) => event.cluster === cluster,
  node: (event, node) => event.node === node,
  pod: (event, pod) => event.pod !== null && `${event.pod.namespace}/${event.pod.name}` === pod,
  kind: (event, kind) => event.kind === kind,
  probe: (event, probe) => event.probe === probe,
  reason: (event, reason) => event.reason === reason,
  workload: (event, workload) => event.workload === workload,
  peer: (event, peer) => event.peer === peer,
  address: (event, address) => event.source === address || event.destination === address,
  incident: (event, incident) => event.incidentId === incident,
  until: (event, until) => Date.parse(event.windowEnd) < Date.parse(until),
  since: (event, since) => Date.parse(event.windowEnd) >= Date.parse(since),
};

export const meetsEventConditions = (conditions: EventConditions): ((event: StoredEvent) => boolean) =>
  meetsAll(conditions, MEETS);
