/** GET /api/v1/events and /api/v1/agents: what eventproc has stored. */
import { type AgentDocument, AnomalyKind, type EventDocument, ref } from '@netverdict/contracts';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { decodeCursor, encodeCursor } from '../domain/cursor.ts';
import { invalidRequest } from '../http/problems.ts';
import { errors, PageQuery, text } from './schemas.ts';

const EventQuery = Type.Object(
  {
    cluster: Type.Optional(text('only of this cluster')),
    node: Type.Optional(text('only of this node')),
    pod: Type.Optional(
      Type.String({
        pattern: '^[^/\\u0000]+/[^/\\u0000]+$',
        maxLength: 320,
        description: 'only of this pod: namespace/name',
      }),
    ),
    kind: Type.Optional(AnomalyKind),
    since: Type.Optional(Type.String({ format: 'date-time', description: 'whose window ended at or after' })),
    ...PageQuery,
  },
  { additionalProperties: false },
);

function place(cursor: string | undefined): { windowEnd: string; id: string } | null {
  if (cursor === undefined) return null;
  const [windowEnd = '', id = ''] = decodeCursor(cursor, 2) ?? [];
  if (Number.isNaN(Date.parse(windowEnd)) || id === '' || id.includes('\0'))
    throw invalidRequest([
      { pointer: 'cursor', detail: 'is not a cursor of this list', expected: 'nextCursor of the page before' },
    ]);
  return { windowEnd, id };
}

export function monitoringRoutes(app: Server, { store }: Dependencies): void {
  app.get(
    '/api/v1/events',
    {
      schema: {
        operationId: 'listEvents',
        summary: 'Anomalies that the agents saw, newest first',
        tags: ['monitoring'],
        querystring: EventQuery,
        response: { 200: ref<{ items: EventDocument[] }>('EventList'), ...errors(400, 401, 503) },
      },
    },
    async (request) => {
      const { cursor, limit = 50, ...filter } = request.query;
      const before = place(cursor);
      const rows = await store.events.list({ ...filter, ...(before ? { before } : {}), limit: limit + 1 });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const nextCursor = rows.length > limit && last ? encodeCursor([last.windowEnd, last.id]) : null;
      return { items: page as EventDocument[], nextCursor };
    },
  );

  app.get(
    '/api/v1/agents',
    {
      schema: {
        operationId: 'listAgents',
        summary: 'The agents that have been heard of, and when',
        tags: ['monitoring'],
        querystring: Type.Object(
          { cluster: Type.Optional(text('only of this cluster')) },
          { additionalProperties: false },
        ),
        response: { 200: ref<{ items: AgentDocument[] }>('AgentList'), ...errors(400, 401, 503) },
      },
    },
    async (request) => {
      const now = Date.now();
      const agents = await store.agents.list(request.query);
      return {
        items: agents.map(({ lastSeq: _, capabilities, ...agent }) => ({
          ...agent,
          capabilities: [...capabilities],
          silentMs: Math.max(0, now - Date.parse(agent.lastSeen)),
        })),
      };
    },
  );
}
