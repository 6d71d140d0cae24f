/** API tokens, and the log of what was done with them. */
import { randomBytes } from 'node:crypto';
import { type AuditEntry, ref, type TokenDocument, TokenRequested } from '@netverdict/contracts';
import type { AuditRow, TokenRow } from '@netverdict/store';
import Type from 'typebox';
import { v7 as uuidv7 } from 'uuid';
import type { Dependencies, Server } from '../app.ts';
import { digest, TOKEN_PREFIX } from '../http/auth.ts';
import { ProblemError } from '../http/problems.ts';
import { beforeId, beforeNumber, pageOf } from './place.ts';
import { errors, PageQuery, text } from './schemas.ts';

const TOKEN_ID = /^tok_[0-9a-f-]{36}$/;
const DEFAULT_S = 90 * 86_400;
const tags = ['tokens'];
const one = { description: 'The token', ...ref<TokenDocument>('Token') };

const documentOf = (row: TokenRow): TokenDocument => ({
  id: row.id,
  name: row.name,
  role: row.role,
  clusters: row.clusters,
  namespaces: row.namespaces,
  createdAt: row.created_at.toISOString(),
  createdBy: row.created_by,
  expiresAt: row.expires_at.toISOString(),
  revokedAt: row.revoked_at?.toISOString() ?? null,
  lastUsedAt: row.last_used_at?.toISOString() ?? null,
});

const entryOf = (row: AuditRow): AuditEntry => ({
  at: row.at.toISOString(),
  tokenId: row.token_id,
  tokenName: row.token_name,
  method: row.method,
  path: row.path,
  status: row.status,
  created: row.created,
  remoteAddress: row.remote_address,
  requestId: row.request_id,
});

export function tokenRoutes(app: Server, { store, token }: Dependencies): void {
  app.post(
    '/api/v1/tokens',
    {
      schema: {
        operationId: 'createToken',
        summary: 'Make a token for somebody, or for a part of what there is',
        tags,
        body: TokenRequested,
        response: {
          201: { ...one, description: 'The token itself is shown here, and never again' },
          ...errors(400, 401, 403, 413, 415, 503),
        },
      },
    },
    async (request, reply) => {
      const { name, role, clusters = null, namespaces = null, expiresInSeconds = DEFAULT_S } = request.body;
      const secret = `${TOKEN_PREFIX}${randomBytes(32).toString('base64url')}`;
      const row = await store.tokens.add({
        id: `tok_${uuidv7()}`,
        name,
        hash: digest(secret).toString('hex'),
        role,
        clusters,
        namespaces,
        createdBy: token.check(request).tokenId,
        expiresInMs: expiresInSeconds * 1000,
      });
      reply.code(201).header('location', `/api/v1/tokens/${row.id}`);
      return { ...documentOf(row), token: secret };
    },
  );

  app.get(
    '/api/v1/tokens',
    {
      schema: {
        operationId: 'listTokens',
        summary: 'Tokens, newest first, also those that are not valid any more',
        tags,
        querystring: Type.Object(PageQuery, { additionalProperties: false }),
        response: { 200: ref<{ items: TokenDocument[] }>('TokenList'), ...errors(400, 401, 403, 503) },
      },
    },
    async (request) => {
      const { cursor, limit = 50 } = request.query;
      const rows = await store.tokens.list({ ...beforeId(cursor, TOKEN_ID), limit: limit + 1 });
      return pageOf(rows, limit, ({ id }) => id, documentOf);
    },
  );

  app.delete(
    '/api/v1/tokens/:id',
    {
      schema: {
        operationId: 'revokeToken',
        summary: 'Revoke a token: the next request with it is refused, at every replica',
        tags,
        params: Type.Object({ id: Type.String({ description: '`tok_…`' }) }),
        response: { 200: one, ...errors(401, 403, 404, 503) },
      },
    },
    async (request) => {
      const { id } = request.params;
      const row = TOKEN_ID.test(id) ? await store.tokens.revoke(id) : null;
      if (row === null)
        throw new ProblemError({
          type: 'unknown-token',
          status: 404,
          title: 'No such token',
          detail: `There is none ${id}.`,
        });
      return documentOf(row);
    },
  );

  app.get(
    '/api/v1/audit-log',
    {
      schema: {
        operationId: 'listAuditLog',
        summary: 'Every write over REST, newest first: who, what, with which answer. Kept for a year',
        tags,
        querystring: Type.Object(
          {
            token: Type.Optional(text('only of this token: its id')),
            since: Type.Optional(Type.String({ format: 'date-time' })),
            ...PageQuery,
          },
          { additionalProperties: false },
        ),
        response: { 200: ref<{ items: AuditEntry[] }>('AuditLog'), ...errors(400, 401, 403, 503) },
      },
    },
    async (request) => {
      const { cursor, limit = 50, token: tokenId, since } = request.query;
      const rows = await store.audit.list({
        limit: limit + 1,
        ...(tokenId === undefined ? {} : { tokenId }),
        ...(since === undefined ? {} : { since: new Date(since) }),
        ...beforeNumber(cursor),
      });
      return pageOf(rows, limit, ({ seq }) => seq, entryOf);
    },
  );
}
