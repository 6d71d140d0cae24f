/** `Prefer: wait=N` (RFC 7240), how long a client is willing to wait for the result, and `Idempotency-Key`. */
import type { FastifyRequest } from 'fastify';
import Type from 'typebox';
import { invalidRequest } from './problems.ts';

const LONGEST_S = 60;

/** Milliseconds, 60 s at most; null when nothing is preferred. What cannot be read is ignored, as the RFC wants. */
export function parsePrefer(header: string | string[] | undefined): number | null {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  for (const preference of text.split(/[,;]/)) {
    const seconds = /^\s*wait\s*=\s*"?(\d{1,6})"?\s*$/i.exec(preference)?.[1];
    if (seconds !== undefined) return Number(seconds) === 0 ? null : Math.min(Number(seconds), LONGEST_S) * 1000;
  }
  return null;
}

export const WaitHeaders = Type.Object({
  prefer: Type.Optional(
    Type.String({ description: '`wait=10`: answer with the result if it is there within 10 s (60 at most)' }),
  ),
});
export const AcceptHeaders = Type.Object({
  ...WaitHeaders.properties,
  'idempotency-key': Type.Optional(
    Type.String({ description: '1…255 printable characters: the same key makes one thing' }),
  ),
});

export function idempotencyKey(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw invalidRequest([
    { pointer: 'Idempotency-Key', detail: 'is not a usable key', expected: '1 to 255 printable ASCII characters' },
  ]);
}
