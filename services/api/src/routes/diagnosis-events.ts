/**
 * GET /api/v1/diagnoses/:id/events: progress as server-sent events, from the stored state on, until the end.
 *
 *   event: progress    id: <seq>    data: ProgressEvent
 *   event: completed | failed       data: the diagnosis; then the stream closes
 *   : heartbeat                     every 10 s in which nothing happens
 */
import type { DiagnosisRow } from '@netverdict/store';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { progressStream, type StreamItem } from '../domain/progress-stream.ts';
import type { View } from '../domain/view.ts';
import { abortOfClient } from '../http/abort.ts';
import { eventFrame, heartbeatFrame, sendEventStream } from '../http/event-stream.ts';
import { unknownDiagnosis } from '../http/problems.ts';
import { DIAGNOSIS_ID } from './diagnoses.ts';
import { errors, IdParams } from './schemas.ts';

const HEARTBEAT_MS = 10_000;

function frameOf(item: StreamItem, view: View, progress: ReturnType<View['progress']>): string {
  switch (item.kind) {
    case 'heartbeat':
      return heartbeatFrame();
    case 'progress':
      return eventFrame({ event: 'progress', id: item.entry.seq, data: progress(item.entry) });
    case 'finished':
      return eventFrame({ event: item.row.status, id: item.seq, data: view.document(item.row) });
  }
}

async function* frames(items: AsyncIterable<StreamItem>, view: View, row: DiagnosisRow): AsyncGenerator<string> {
  const progress = view.progress(row);
  for await (const item of items) yield frameOf(item, view, progress);
}

export function diagnosisEventRoutes(app: Server, deps: Dependencies): void {
  app.get(
    '/api/v1/diagnoses/:id/events',
    {
      schema: {
        operationId: 'streamDiagnosis',
        summary: 'Progress of a diagnosis, live (server-sent events)',
        description:
          'Events `progress` (ProgressEvent) from the first on, then one `completed` or `failed` (Diagnosis), then the end. `Last-Event-ID` resumes.',
        tags: ['diagnoses'],
        params: IdParams,
        headers: Type.Object({ 'last-event-id': Type.Optional(Type.String()) }),
        response: {
          200: { description: 'The stream', content: { 'text/event-stream': { schema: Type.String() } } },
          ...errors(401, 404, 503),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const row = DIAGNOSIS_ID.test(id) ? await deps.store.diagnoses.getRow(id) : null;
      if (row === null) throw unknownDiagnosis(id);
      const afterSeq = Number(request.headers['last-event-id'] ?? 0);
      const items = progressStream(deps.store, deps.changes, {
        id,
        afterSeq: Number.isSafeInteger(afterSeq) && afterSeq > 0 ? afterSeq : 0,
        heartbeatMs: HEARTBEAT_MS,
        signal: abortOfClient(reply, deps.stopping),
      });
      return sendEventStream(reply, frames(items, deps.token.view(request), row)) as never;
    },
  );
}
