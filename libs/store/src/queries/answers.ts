/** What the diagnosis of an incident answered, and the events that thereby belong to another incident. Written by eventproc. */
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../schema.ts';
import type { EventsTable } from '../schema-monitoring.ts';
import { eventOfRow, type StoredEvent } from './events.ts';
import type { Explanation } from './incidents.ts';

export interface AnswerQueries {
  /** Puts the answer to an incident that is there. */
  keep(id: string, explanation: Explanation): Promise<void>;
  /**
   * The end of the last window before the longest pause in an incident's events after `since`; null where no event is later than `since`.
   * When one cause follows another, there is nothing better to tell when it did.
   */
  pauseBefore(incident: string, since: string): Promise<string | null>;
  /** The events whose window ended later go to another incident; resolves with them, the oldest first. */
  handOver(from: string, to: string, after: string): Promise<readonly StoredEvent[]>;
  /** On which nodes and at which pods (`namespace/name`) an incident's stored events were, and how many they are. */
  placesOf(
    incident: string,
  ): Promise<{ readonly events: number; readonly nodes: readonly string[]; readonly pods: readonly string[] }>;
}

export function answerQueries(db: Kysely<Database>): AnswerQueries {
  return {
    async keep(id, { diagnosisId, diagnosisState, verdict, askedAt, causeFoundAt, confirmed }) {
      await sql`update incidents set diagnosis_id = ${diagnosisId}, diagnosis_state = ${diagnosisState},
          verdict = ${verdict === null ? null : JSON.stringify(verdict)}::json, asked_at = ${askedAt}::timestamptz,
          cause_found_at = ${causeFoundAt}::timestamptz, confirmed = ${confirmed},
          position = nextval('incident_positions'), xact = pg_current_xact_id()
        where id = ${id}`.execute(db);
    },

    async pauseBefore(incident, since) {
      const { rows } = await sql<{ pause_from: Date }>`with seen as (
          select window_start, window_end, max(window_end) over (
              order by window_end, id rows between unbounded preceding and 1 preceding) as before
          from events where incident_id = ${incident}
            and window_end >= coalesce((select max(window_end) from events
              where incident_id = ${incident} and window_end <= ${since}::timestamptz), ${since}::timestamptz)
        ) select coalesce(before, ${since}::timestamptz) as pause_from from seen
          where window_end > ${since}::timestamptz
          order by window_start - coalesce(before, ${since}::timestamptz) desc, window_end limit 1`.execute(db);
      return rows[0]?.pause_from.toISOString() ?? null;
    },

    async handOver(from, to, after) {
      const { rows } = await sql<Selectable<EventsTable>>`update events set incident_id = ${to}
        where incident_id = ${from} and window_end > ${after}::timestamptz returning *`.execute(db);
      return rows.map(eventOfRow).sort((a, b) => (a.windowEnd < b.windowEnd ? -1 : 1));
    },

    async placesOf(incident) {
      const { rows } = await sql<{
        n: number;
        nodes: string[] | null;
        pods: string[] | null;
      }>`select count(*)::int as n,
          array_agg(distinct node) as nodes,
          array_agg(distinct pod_namespace || '/' || pod_name) filter (where pod_name is not null) as pods
        from events where incident_id = ${incident}`.execute(db);
      const [row] = rows;
      return { events: row?.n ?? 0, nodes: row?.nodes ?? [], pods: row?.pods ?? [] };
    },
  };
}
