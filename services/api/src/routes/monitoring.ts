/** GET /api/v1/events: what eventproc has stored. */
import { type EventDocument, ref } from '@netverdict/contracts';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { encodeCursor } from '../domain/cursor.ts';
import { checkNames } from '../domain/known-names.ts';
import { EVENT_CONDITIONS } from './event-query.ts';
import { placeOf } from './place.ts';
import { errors, PageQuery } from './schemas.ts';

const EventQuery = Type.Object(
  {
    ...EVENT_CONDITIONS,
    since: Type.Optional(Type.String({ format: 'date-time', description: 'whose window ended at or after' })),
    ...PageQuery,
  },
  { additionalProperties: false },
);

export function monitoringRoutes(app: Server, { store, token }: Dependencies): void {
  app.get(
    '/api/v1/events',
    {
      schema: {
        operationId: 'listEvents',
        summary: 'Anomalies that the agents saw, newest first',
        tags: ['monitoring'],
        querystring: EventQuery,
        response: { 200: ref<{ items: EventDocument[] }>('EventList'), ...errors(400, 401, 404, 503) },
      },
    },
    async (request) => {
      const { cursor, limit = 50, ...filter } = request.query;
      const place = placeOf(cursor);
      const before = place === null ? {} : { before: { windowEnd: place.at, id: place.id } };
      const rows = await store.events.list({ ...filter, ...before, limit: limit + 1 });
      if (rows.length === 0 && place === null) await checkNames(store.knownNames, filter, token.check(request).scope);
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const nextCursor = rows.length > limit && last ? encodeCursor([last.windowEnd, last.id]) : null;
      return { items: page.map((event) => token.view(request).event(event as EventDocument)), nextCursor };
    },
  );
}
