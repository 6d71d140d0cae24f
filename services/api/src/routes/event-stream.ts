/** GET /api/v1/events/stream: events as they are stored. */
import type { EventDocument } from '@netverdict/contracts';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { meetsEventConditions } from '../domain/live/event-filter.ts';
import { EVENT_CONDITIONS } from './event-query.ts';
import { LastEventId, STREAM_DESCRIPTION, sendLiveStream, streamQuery } from './live-stream.ts';
import { errors } from './schemas.ts';

const Query = streamQuery(EVENT_CONDITIONS, 'whose window ended at or after; begins with what is stored');

export function eventStreamRoutes(app: Server, { live, stopping, token }: Dependencies): void {
  app.get(
    '/api/v1/events/stream',
    {
      schema: {
        operationId: 'streamEvents',
        summary: 'Anomalies that the agents saw, live (server-sent events)',
        description: `Events \`event\` (Event) as they are stored. ${STREAM_DESCRIPTION}`,
        tags: ['monitoring'],
        querystring: Query,
        headers: LastEventId,
        response: {
          200: { description: 'The stream', content: { 'text/event-stream': { schema: Type.String() } } },
          ...errors(400, 401, 503),
        },
      },
    },
    async (request, reply) =>
      (await sendLiveStream(reply, stopping, {
        table: live.events,
        name: 'event',
        lastEventId: request.headers['last-event-id'],
        withStored: request.query.since !== undefined,
        wants: meetsEventConditions(request.query),
        documentOf: (event) => token.view(request).event(event as EventDocument),
      })) as never,
  );
}
