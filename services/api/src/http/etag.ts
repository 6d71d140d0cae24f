/** ETags of documents that change by themselves: a digest of what is shown, so that the same at every replica has the same tag. */
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Weak: the same meaning, not the same bytes. */
export const etagOf = (document: unknown): string =>
  `W/"${createHash('sha256').update(JSON.stringify(document)).digest('base64url').slice(0, 22)}"`;

/** Weak comparison (RFC 9110, 13.1.2): `*` fits whatever is there. */
export function fitsEtag(header: string | string[] | undefined, etag: string): boolean {
  const tags = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').map((tag) => tag.trim());
  return tags.some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag.replace(/^W\//, ''));
}

/** The document, or 304 when the client has it. */
export function answerTagged<T>(request: FastifyRequest, reply: FastifyReply, document: T): T {
  const etag = etagOf(document);
  reply.header('etag', etag);
  if (!fitsEtag(request.headers['if-none-match'], etag)) return document;
  reply.code(304).send();
  return reply as never;
}
