/**
 * GET /api/v1/diagnoses/:id/events: progress as server-sent events, from the stored state on, until the end.
 *
 *   event: progress    id: <seq>    data: ProgressEvent
 *   event: completed | failed       data: the diagnosis; then the stream closes
 *   : heartbeat                     every 10 s in which nothing happens
 */
import { Readable } from 'node:stream';
import type { DiagnosisDocument, ProgressEvent } from '@netverdict/contracts';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { document } from '../domain/document.ts';
import { progressStream, type StreamItem } from '../domain/progress-stream.ts';
import { abortOfClient } from '../http/abort.ts';
import { unknownDiagnosis } from '../http/problems.ts';
import { DIAGNOSIS_ID } from './diagnoses.ts';
import { errors, IdParams } from './schemas.ts';

const HEARTBEAT_MS = 10_000;

const frame = (event: string, id: number, data: ProgressEvent | DiagnosisDocument): string =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

function frameOf(item: StreamItem): string {
  switch (item.kind) {
    case 'heartbeat':
      return ': heartbeat\n\n';
    case 'progress':
      return frame('progress', item.entry.seq, item.entry);
    case 'finished':
      return frame(item.row.status, item.seq, document(item.row));
  }
}

async function* frames(items: AsyncIterable<StreamItem>): AsyncGenerator<string> {
  yield 'retry: 1000\n\n';
  for await (const item of items) yield frameOf(item);
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
      if (!DIAGNOSIS_ID.test(id) || !(await deps.store.diagnoses.getRow(id))) throw unknownDiagnosis(id);
      const afterSeq = Number(request.headers['last-event-id'] ?? 0);
      const items = progressStream(deps.store, deps.changes, {
        id,
        afterSeq: Number.isSafeInteger(afterSeq) && afterSeq > 0 ? afterSeq : 0,
        heartbeatMs: HEARTBEAT_MS,
        signal: abortOfClient(reply, deps.stopping),
      });
      reply.header('content-type', 'text/event-stream; charset=utf-8');
      reply.header('cache-control', 'no-store');
      // nginx would gather the events otherwise.
      reply.header('x-accel-buffering', 'no');
      return reply.send(Readable.from(frames(items)) as never);
    },
  );
}
