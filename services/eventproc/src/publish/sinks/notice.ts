/** What the sinks are given: an event or an incident, as one line of JSON and the few words that it is found by. */
import type { Incident } from '@netverdict/store';

export interface Notice {
  readonly stream: 'event' | 'incident';
  readonly cluster: string;
  readonly kind: string;
  readonly severity: string | null;
  /** When it happened; RFC 3339. */
  readonly at: string;
  /** The whole of it, as REST gives it. */
  readonly line: string;
}

type Body = { readonly cluster: string; readonly kind: string; readonly severity?: string };

export const eventNotice = (event: Body & { readonly windowEnd: string }): Notice => ({
  stream: 'event',
  cluster: event.cluster,
  kind: event.kind,
  severity: event.severity ?? null,
  at: event.windowEnd,
  line: JSON.stringify(event),
});

export const incidentNotice = (incident: Body & { readonly lastSeen: string }): Notice => ({
  stream: 'incident',
  cluster: incident.cluster,
  kind: incident.kind,
  severity: incident.severity ?? null,
  at: incident.lastSeen,
  line: JSON.stringify(incident),
});

/** As REST shows it: without what only its keeper needs. */
export const toldIncident = ({ key: _, current: __, peersSketch: ___, ...incident }: Incident): Notice =>
  incidentNotice(incident);
