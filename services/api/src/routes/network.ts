/** GET /api/v1/nodes, /flows and /accounting: who reports, who talks to whom, and whether everything that was seen has come. */
import {
  type AccountingDocument,
  type FlowDocument,
  type InvalidField,
  type NodeDocument,
  ref,
} from '@netverdict/contracts';
import Type from 'typebox';
import type { Dependencies, Server } from '../app.ts';
import { accountingDocuments } from '../domain/accounting.ts';
import { encodeCursor } from '../domain/cursor.ts';
import { nodeDocument } from '../domain/node.ts';
import { invalidRequest } from '../http/problems.ts';
import { notACursor, offsetOf, pairOf } from './place.ts';
import { errors, PageQuery, text } from './schemas.ts';

const HOUR_MS = 3_600_000;
/** One query looks through that many days at most. */
const MOST_DAYS = 31;

const Where = {
  cluster: Type.Optional(text('only of this cluster')),
  node: Type.Optional(text('only of this node')),
};
const Range = {
  since: Type.Optional(Type.String({ format: 'date-time', description: 'an hour ago when absent' })),
  until: Type.Optional(Type.String({ format: 'date-time', description: 'now when absent' })),
};

/** @throws for a range that ends before it begins or is too long */
function rangeOf(query: { readonly since?: string; readonly until?: string }): { since: string; until: string } {
  const until = query.until === undefined ? Date.now() : Date.parse(query.until);
  const since = query.since === undefined ? until - HOUR_MS : Date.parse(query.since);
  const wrong = (pointer: string, detail: string, expected: string): InvalidField => ({ pointer, detail, expected });
  if (since >= until) throw invalidRequest([wrong('since', 'is not before until', 'an earlier time than until')]);
  if (until - since > MOST_DAYS * 24 * HOUR_MS)
    throw invalidRequest([wrong('since', 'is too long before until', `at most ${MOST_DAYS} days before`)]);
  return { since: new Date(since).toISOString(), until: new Date(until).toISOString() };
}

export function networkRoutes(app: Server, { store }: Dependencies): void {
  app.get(
    '/api/v1/nodes',
    {
      schema: {
        operationId: 'listNodes',
        summary: 'The nodes with an agent: whether it is heard, its probes, its budget',
        tags: ['monitoring'],
        querystring: Type.Object({ ...Where, ...PageQuery }, { additionalProperties: false }),
        response: { 200: ref<{ items: NodeDocument[] }>('NodeList'), ...errors(400, 401, 503) },
      },
    },
    async (request) => {
      const { cursor, limit = 50, ...filter } = request.query;
      const after = pairOf(cursor);
      const place = after === null ? {} : { after: { cluster: after[0], node: after[1] } };
      const rows = await store.agents.list({ ...filter, ...place, limit: limit + 1 });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const now = Date.now();
      return {
        items: page.map((agent) => nodeDocument(agent, now)),
        nextCursor: rows.length > limit && last ? encodeCursor([last.cluster, last.node]) : null,
      };
    },
  );

  app.get(
    '/api/v1/flows',
    {
      schema: {
        operationId: 'listFlows',
        summary: 'Who talks to whom and how much, the most first: the edges of the network graph',
        tags: ['monitoring'],
        querystring: Type.Object(
          {
            ...Where,
            end: Type.Optional(text('only with this pod, workload, node, Service or address at either end')),
            namespace: Type.Optional(text('only with an end in this namespace')),
            protocol: Type.Optional(Type.Integer({ minimum: 0, maximum: 255 })),
            port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
            by: Type.Optional(
              Type.Union([Type.Literal('pod'), Type.Literal('workload')], { description: 'pod when absent' }),
            ),
            ...Range,
            ...PageQuery,
          },
          { additionalProperties: false },
        ),
        response: { 200: ref<{ items: FlowDocument[] }>('FlowGraph'), ...errors(400, 401, 503) },
      },
    },
    async (request) => {
      const { cursor, limit = 50, by = 'pod', since: _, until: __, ...filter } = request.query;
      const range = rangeOf(request.query);
      const offset = offsetOf(cursor);
      const rows = await store.flows.edges({ ...filter, ...range, by, offset, limit: limit + 1 });
      const nextCursor = rows.length > limit ? encodeCursor([String(offset + limit)]) : null;
      return { ...range, items: rows.slice(0, limit) as FlowDocument[], nextCursor };
    },
  );

  app.get(
    '/api/v1/accounting',
    {
      schema: {
        operationId: 'listAccounting',
        summary: 'What became of everything that was seen, by node: stored, filtered, sampled away, or lost and where',
        tags: ['monitoring'],
        querystring: Type.Object(
          {
            ...Where,
            by: Type.Optional(
              Type.Union([Type.Literal('node'), Type.Literal('minute')], {
                description: 'node when absent; minute: of one node, the newest first',
              }),
            ),
            ...Range,
            ...PageQuery,
          },
          { additionalProperties: false },
        ),
        response: { 200: ref<{ items: AccountingDocument[] }>('AccountingList'), ...errors(400, 401, 503) },
      },
    },
    async (request) => {
      const { cursor, limit = 50, by = 'node', cluster, node } = request.query;
      const range = rangeOf(request.query);
      if (by === 'minute' && (cluster === undefined || node === undefined))
        throw invalidRequest([{ pointer: 'node', detail: 'is missing', expected: 'cluster and node, for minutes' }]);
      const after = pairOf(cursor);
      const filter = {
        ...(cluster === undefined ? {} : { cluster }),
        ...(node === undefined ? {} : { node }),
        ...range,
      };
      if (by === 'minute' && after !== null && Number.isNaN(Date.parse(after[1]))) throw notACursor();
      const place = after === null ? {} : { after };
      const sums = await store.accounting.sums({ ...filter, ...place, perMinute: by === 'minute', limit: limit + 1 });
      const documents = accountingDocuments(sums);
      const page = documents.slice(0, limit);
      const last = page.at(-1);
      const nextCursor =
        documents.length > limit && last
          ? encodeCursor(by === 'minute' ? ['minute', last.minute ?? ''] : [last.cluster, last.node])
          : null;
      return { ...range, items: page, nextCursor };
    },
  );
}
