/** The bearer token: required for everything below /api, compared in constant time. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from './problems.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export interface TokenCheck {
  /** Names the token without being it: owner of idempotency keys. */
  readonly tokenId: string;
  /** Throws a 401 problem. */
  check(request: FastifyRequest): void;
}

const refuse = (detail: string, challenge: string): ProblemError =>
  new ProblemError({
    type: 'unauthorized',
    status: 401,
    title: 'A valid bearer token is required',
    detail,
    headers: { 'www-authenticate': challenge },
  });

export function bearerToken(token: string): TokenCheck {
  const right = digest(token);
  return {
    tokenId: right.toString('hex').slice(0, 16),
    check(request) {
      const [scheme = '', given = ''] = (request.headers.authorization ?? '').split(' ', 2);
      if (scheme.toLowerCase() !== 'bearer' || given === '')
        throw refuse('Send the header "Authorization: Bearer <token>".', 'Bearer realm="netverdict"');
      // Digests have one length, so that not even the token's length can be measured.
      if (!timingSafeEqual(digest(given), right))
        throw refuse('The token is not the one of this server.', 'Bearer realm="netverdict", error="invalid_token"');
    },
  };
}
