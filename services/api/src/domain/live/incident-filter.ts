/** The filters of the list of incidents, for one incident at a time. */
import type { Explanation, Incident, IncidentFilter } from '@netverdict/store';
import { type Checks, meetsAll } from './conditions.ts';

export type IncidentConditions = Omit<IncidentFilter, 'limit' | 'before'>;
type Shown = Incident & Explanation;

const MEETS: Checks<Shown, IncidentConditions> = {
  cluster: (incident, cluster) => incident.cluster === cluster,
  node: (incident, node) => incident.nodes.includes(node),
  pod: (incident, pod) => incident.pods.includes(pod),
  workload: (incident, workload) => incident.workload === workload,
  peer: (incident, peer) => incident.peer === peer,
  kind: (incident, kind) => incident.kind === kind,
  reason: (incident, reason) => incident.reason === reason,
  severity: (incident, severity) => incident.severity === severity,
  state: (incident, state) => incident.state === state,
  since: (incident, since) => Date.parse(incident.lastSeen) >= Date.parse(since),
  until: (incident, until) => Date.parse(incident.firstSeen) < Date.parse(until),
};

export const meetsIncidentConditions = (conditions: IncidentConditions): ((incident: Shown) => boolean) =>
  meetsAll(conditions, MEETS);
