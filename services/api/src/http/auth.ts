/** The bearer token: required for everything below /api, compared in constant time. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from './problems.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** `diagnose`: may ask for diagnoses and read them, nothing else. */
export type Permission = 'everything' | 'diagnose';

export interface Caller {
  /** Names the token without being it: owner of idempotency keys. */
  readonly tokenId: string;
}

export interface TokenCheck {
  /** Throws a 401 or 403 problem. */
  check(request: FastifyRequest): Caller;
}

const refuse = (detail: string, challenge: string): ProblemError =>
  new ProblemError({
    type: 'unauthorized',
    status: 401,
    title: 'A valid bearer token is required',
    detail,
    headers: { 'www-authenticate': challenge },
  });

const FOR_DIAGNOSIS = /^\/api\/v1\/diagnoses(\/:id(\/events)?)?$/;

export function bearerTokens(tokens: readonly { readonly token: string; readonly may: Permission }[]): TokenCheck {
  const known = tokens.map(({ token, may }) => ({ right: digest(token), may }));
  return {
    check(request) {
      const [scheme = '', given = ''] = (request.headers.authorization ?? '').split(' ', 2);
      if (scheme.toLowerCase() !== 'bearer' || given === '')
        throw refuse('Send the header "Authorization: Bearer <token>".', 'Bearer realm="netverdict"');
      // Digests have one length, so that not even the token's length can be measured.
      const asked = digest(given);
      const match = known.filter(({ right }) => timingSafeEqual(asked, right))[0];
      if (match === undefined)
        throw refuse('The token is not one of this server.', 'Bearer realm="netverdict", error="invalid_token"');
      if (match.may === 'diagnose' && !FOR_DIAGNOSIS.test(request.routeOptions.url ?? ''))
        throw new ProblemError({
          type: 'forbidden',
          status: 403,
          title: 'This token may not do that',
          detail: 'It may ask for diagnoses and read them.',
        });
      return { tokenId: match.right.toString('hex').slice(0, 16) };
    },
  };
}
