/** GET /api/v1/incidents/stream: incidents as they open, change and are explained. */
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { meetsIncidentConditions } from '../domain/live/incident-filter.ts';
import { INCIDENT_CONDITIONS, incidentDocument } from './incidents.ts';
import { LastEventId, STREAM_DESCRIPTION, sendLiveStream, streamQuery } from './live-stream.ts';
import { errors } from './schemas.ts';

const Query = streamQuery(INCIDENT_CONDITIONS, 'last seen at or after; begins with what is stored');

export function incidentStreamRoutes(app: Server, { live, stopping, token }: Dependencies): void {
  app.get(
    '/api/v1/incidents/stream',
    {
      schema: {
        operationId: 'streamIncidents',
        summary: 'Incidents as they open, change and are explained, live (server-sent events)',
        description: `Events \`incident\` (Incident) after each change: its state of then, or a newer one. ${STREAM_DESCRIPTION}`,
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
        table: live.incidents,
        name: 'incident',
        lastEventId: request.headers['last-event-id'],
        withStored: request.query.since !== undefined,
        wants: meetsIncidentConditions(request.query),
        documentOf: (incident) => token.view(request).incident(incidentDocument(incident)),
      })) as never,
  );
}
