/** What eventproc reads from its environment besides its addresses. All have defaults. */
import type { Retention } from '@netverdict/store';
import { integer } from '@netverdict/telemetry';
import { DEFAULTS, type Settings } from './domain/incident.ts';

export interface EventprocSettings {
  readonly incidents: Settings;
  readonly retention: Retention;
  /** A batch that others have overtaken is lost when it has not come for so long; what an agent held, so long after its next start. */
  readonly lostAfterMs: number;
}

const DAY_MS = 24 * 3_600_000;

export function readSettings(): EventprocSettings {
  const days = (name: string, usual: number): number => integer(name, usual, { min: 1, max: 3650 });
  const ms = (name: string, usual: number): number => integer(name, usual, { min: 100, max: 30 * DAY_MS });
  return {
    incidents: {
      quietMs: ms('NETVERDICT_INCIDENT_QUIET_MS', DEFAULTS.quietMs),
      resolvedMs: ms('NETVERDICT_INCIDENT_RESOLVED_MS', DEFAULTS.resolvedMs),
      peersApart: integer('NETVERDICT_INCIDENT_PEERS', DEFAULTS.peersApart, { min: 1, max: 10_000 }),
    },
    retention: {
      days: {
        events: days('NETVERDICT_KEEP_EVENTS_DAYS', 7),
        flows: days('NETVERDICT_KEEP_FLOWS_DAYS', 7),
        accounting: days('NETVERDICT_KEEP_ACCOUNTING_DAYS', 7),
      },
      incidentDays: days('NETVERDICT_KEEP_INCIDENTS_DAYS', 30),
    },
    lostAfterMs: ms('NETVERDICT_BATCH_LOST_AFTER_MS', 10 * 60_000),
  };
}
