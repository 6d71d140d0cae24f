/** The bearer token: required for everything below /api. The configured ones are compared in constant time, the others looked up by digest. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { TokenQueries } from '@netverdict/store';
import type { FastifyRequest } from 'fastify';
import { type View, viewOf } from '../domain/view.ts';
import { EVERYWHERE, type Permission, refuseByRole, type Scope } from './authority.ts';
import type { OidcTokens } from './oidc/oidc-tokens.ts';
import { ProblemError } from './problems.ts';

export interface Caller {
  /** Names the token without being it: owner of idempotency keys. */
  readonly tokenId: string;
  /** Of an issuer's token: its subject. null: one of the configuration. */
  readonly name: string | null;
  readonly may: Permission;
  readonly scope: Scope;
}

export interface TokenCheck {
  /** Once for each request, before all else. Throws a 401 or 403 problem. */
  authenticate(request: FastifyRequest): Promise<void>;
  /** Who was authenticated. */
  check(request: FastifyRequest): Caller;
  /** What that one sees. */
  view(request: FastifyRequest): View;
}

export const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const refuse = (detail: string, challenge: string): ProblemError =>
  new ProblemError({
    type: 'unauthorized',
    status: 401,
    title: 'A valid bearer token is required',
    detail,
    headers: { 'www-authenticate': challenge },
  });

/** Of tokens that are made over REST. */
export const TOKEN_PREFIX = 'nvt_';

export function bearerTokens(
  tokens: readonly { readonly token: string; readonly may: Permission }[],
  made: Pick<TokenQueries, 'find' | 'used'>,
  onError: (error: unknown) => void,
  oidc: OidcTokens | null = null,
): TokenCheck {
  const known = tokens.map(({ token, may }) => ({ right: digest(token), may }));
  const callers = new WeakMap<FastifyRequest, Caller>();

  async function callerOf(given: string): Promise<Caller | null> {
    // Digests have one length, so that not even the token's length can be measured.
    const asked = digest(given);
    const match = known.filter(({ right }) => timingSafeEqual(asked, right))[0];
    if (match !== undefined)
      return { tokenId: match.right.toString('hex').slice(0, 16), name: null, may: match.may, scope: EVERYWHERE };
    if (!given.startsWith(TOKEN_PREFIX)) return oidc === null ? null : await oidc(given);
    // Asked each time: a revoked token is refused at once, at every replica.
    const row = await made.find(asked.toString('hex'));
    if (row === null) return null;
    made.used(row.id).catch(onError);
    const { clusters, namespaces } = row;
    return { tokenId: row.id, name: row.name, may: row.role, scope: { clusters, namespaces } };
  }

  const check = (request: FastifyRequest): Caller => {
    const caller = callers.get(request);
    if (caller === undefined) throw refuse('The request was not authenticated.', 'Bearer realm="netverdict"');
    return caller;
  };

  return {
    async authenticate(request) {
      const [scheme = '', given = ''] = (request.headers.authorization ?? '').split(' ', 2);
      if (scheme.toLowerCase() !== 'bearer' || given === '')
        throw refuse('Send the header "Authorization: Bearer <token>".', 'Bearer realm="netverdict"');
      const caller = await callerOf(given);
      if (caller === null)
        throw refuse(
          'The token is not one of this server, has expired, or was revoked.',
          'Bearer realm="netverdict", error="invalid_token"',
        );
      const refusal = refuseByRole(caller.may, request.method, request.routeOptions.url ?? '');
      if (refusal !== null)
        throw new ProblemError({
          type: 'forbidden',
          status: 403,
          title: 'This token may not do that',
          detail: refusal,
        });
      callers.set(request, caller);
    },
    check,
    view(request) {
      const { scope, tokenId } = check(request);
      return viewOf(scope.namespaces, tokenId);
    },
  };
}
