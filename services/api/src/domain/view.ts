/** How a diagnosis, an event or an incident looks to one reader: every answer that shows one goes through here. */
import type { DiagnosisDocument, DiagnosisSummary, EventDocument, IncidentDocument } from '@netverdict/contracts';
import type { DiagnosisRow, FullDiagnosisRow, ProgressEntry } from '@netverdict/store';
import { document, resultOf, summary } from './document.ts';
import { redactDiagnosis, redactProgress, redactSummary } from './redact/document.ts';
import { redactEvent, redactIncident } from './redact/monitoring.ts';
import { type Sight, sightOf } from './redact/sight.ts';

export interface View {
  document(row: FullDiagnosisRow): DiagnosisDocument;
  summary(row: DiagnosisRow): DiagnosisSummary;
  /** @param row whose progress it is */
  progress(row: DiagnosisRow): (entry: ProgressEntry) => ProgressEntry;
  incident(incident: IncidentDocument): IncidentDocument;
  event(event: EventDocument): EventDocument;
}

const EVERYTHING: View = {
  document,
  summary,
  progress: () => (entry) => entry,
  incident: (incident) => incident,
  event: (event) => event,
};

/** The reader gave the names in it, and so knows them. */
export const isOwn = (row: Pick<DiagnosisRow, 'token_id' | 'names_given'>, tokenId: string): boolean =>
  row.token_id === tokenId && row.names_given;

/** @param namespaces null: all */
export function viewOf(namespaces: readonly string[] | null, tokenId: string): View {
  if (namespaces === null) return EVERYTHING;
  const sightFor = (row: DiagnosisRow): Sight =>
    sightOf(namespaces, { request: row.request, own: isOwn(row, tokenId) });
  return {
    document(row) {
      const result = resultOf(row);
      return redactDiagnosis(
        document(row),
        sightOf(namespaces, {
          request: row.request,
          own: isOwn(row, tokenId),
          map: result?.snapshot.map,
          nodes: result?.snapshot.nodes.map(({ node }) => node) ?? [],
        }),
      );
    },
    summary: (row) => redactSummary(summary(row), sightFor(row)),
    progress(row) {
      const sight = sightFor(row);
      return (entry) => redactProgress(entry, sight);
    },
    incident: (incident) => redactIncident(incident, namespaces),
    event: (event) => redactEvent(event, namespaces),
  };
}
