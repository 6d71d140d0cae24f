/** What eventproc is told besides its addresses. All have defaults. */
import type { EVENTS, ValuesOf } from '@netverdict/configuration';
import type { Retention } from '@netverdict/store';
import type { Settings } from './domain/incident.ts';

export interface EventprocSettings {
  readonly incidents: Settings;
  readonly retention: Retention;
  /** A batch that others have overtaken is lost when it has not come for so long; what an agent held, so long after its next start. */
  readonly lostAfterMs: number;
}

export const eventprocSettings = (given: ValuesOf<typeof EVENTS>): EventprocSettings => ({
  incidents: { quietMs: given.quiet, resolvedMs: given.resolved, peersApart: given.peersApart },
  retention: {
    days: { events: given.keepEvents, flows: given.keepFlows, accounting: given.keepAccounting },
    incidentDays: given.keepIncidents,
  },
  lostAfterMs: given.batchLostAfter,
});
