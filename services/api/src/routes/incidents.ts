/** GET /api/v1/incidents and one of them: what belongs together of the events. */
import { AnomalyKind, type IncidentDocument, IncidentSeverity, IncidentState, ref } from '@netverdict/contracts';
import type { Explanation, Incident } from '@netverdict/store';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { encodeCursor } from '../domain/cursor.ts';
import { checkNames } from '../domain/known-names.ts';
import { unknownIncident } from '../http/problems.ts';
import { podName } from './event-query.ts';
import { placeOf } from './place.ts';
import { errors, PageQuery, text } from './schemas.ts';

export const INCIDENT_CONDITIONS = {
  cluster: Type.Optional(text('only of this cluster')),
  node: Type.Optional(text('only seen on this node')),
  pod: Type.Optional(podName),
  workload: Type.Optional(text('only of this workload: deployment/shop/cart, node/node-1')),
  peer: Type.Optional(text('only with this far end: service/shop/db, 203.0.113.9')),
  kind: Type.Optional(AnomalyKind),
  reason: Type.Optional(text("only with this reason, by the kernel's name: NETFILTER_DROP")),
  severity: Type.Optional(IncidentSeverity),
  state: Type.Optional(IncidentState),
};

const Query = Type.Object(
  {
    ...INCIDENT_CONDITIONS,
    since: Type.Optional(Type.String({ format: 'date-time', description: 'last seen at or after' })),
    until: Type.Optional(Type.String({ format: 'date-time', description: 'first seen before' })),
    ...PageQuery,
  },
  { additionalProperties: false },
);

export function incidentDocument(incident: Incident & Explanation): IncidentDocument {
  const { key: _, current: __, peersSketch: ___, confirmed: ____, nodes, pods, samples, ...shown } = incident;
  return { ...shown, nodes: [...nodes], pods: [...pods], samples: [...samples] };
}

export function incidentRoutes(app: Server, { store, token }: Dependencies): void {
  app.get(
    '/api/v1/incidents',
    {
      schema: {
        operationId: 'listIncidents',
        summary: 'Events of the same kind, ends and cause as one, the last seen first',
        tags: ['monitoring'],
        querystring: Query,
        response: { 200: ref<{ items: IncidentDocument[] }>('IncidentList'), ...errors(400, 401, 404, 503) },
      },
    },
    async (request) => {
      const { cursor, limit = 50, ...filter } = request.query;
      const place = placeOf(cursor);
      const before = place === null ? {} : { before: { lastSeen: place.at, id: place.id } };
      const rows = await store.incidents.list({ ...filter, ...before, limit: limit + 1 });
      if (rows.length === 0 && place === null) await checkNames(store.knownNames, filter, token.check(request).scope);
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const nextCursor = rows.length > limit && last ? encodeCursor([last.lastSeen, last.id]) : null;
      return { items: page.map((incident) => token.view(request).incident(incidentDocument(incident))), nextCursor };
    },
  );

  app.get(
    '/api/v1/incidents/:id',
    {
      schema: {
        operationId: 'getIncident',
        summary: 'One incident, with what its own diagnosis has found',
        tags: ['monitoring'],
        params: Type.Object({ id: Type.String({ maxLength: 100, pattern: '^[^\\u0000]+$', description: '`inc_…`' }) }),
        response: { 200: ref<IncidentDocument>('Incident'), ...errors(400, 401, 404, 503) },
      },
    },
    async (request) => {
      const incident = await store.incidents.get(request.params.id);
      if (incident === null) throw unknownIncident(request.params.id);
      return token.view(request).incident(incidentDocument(incident));
    },
  );
}
