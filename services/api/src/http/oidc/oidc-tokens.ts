/** Bearer tokens of an OpenID Connect issuer: JWTs that its keys have signed, for us. */
import { createHash } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { Caller } from '../auth.ts';
import { ProblemError } from '../problems.ts';
import { allowedBy, type ClaimRules } from './claims.ts';
import { IssuerAway, issuerKeys, type Pace } from './issuer-keys.ts';

export interface OidcSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  readonly clockSkewMs: number;
  readonly rules: ClaimRules;
}

/** null: it is none of the issuer's. @throws ProblemError 403, 503 */
export type OidcTokens = (given: string) => Promise<Caller | null>;

const LOOKS_LIKE_JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Names the subject without being it; the audit log has both. */
const idOf = (issuer: string, subject: string): string =>
  `oidc_${createHash('sha256').update(`${issuer}\n${subject}`).digest('hex').slice(0, 32)}`;

export function oidcTokens(
  { issuer, audience, algorithms, clockSkewMs, rules }: OidcSettings,
  onError: (error: unknown) => void,
  pace?: Pace,
): OidcTokens {
  const keys = issuerKeys(issuer, onError, pace);
  const verify = async (given: string): Promise<JWTPayload | null> => {
    try {
      const { payload } = await jwtVerify(given, keys, {
        issuer,
        audience,
        algorithms: [...algorithms],
        clockTolerance: clockSkewMs / 1000,
        requiredClaims: ['exp', 'sub'],
      });
      return payload;
    } catch (error) {
      if (error instanceof IssuerAway)
        throw new ProblemError({
          type: 'issuer-unavailable',
          status: 503,
          title: 'The token cannot be checked just now',
          detail: `The issuer ${issuer} does not give its keys, so that nobody can tell whether it is good. Try again in a moment, or use a token of this server.`,
          headers: { 'retry-after': '5' },
        });
      // A key of another kind than its algorithm says is a TypeError of the runtime's.
      if (error instanceof errors.JOSEError || error instanceof TypeError) return null;
      throw error;
    }
  };
  return async (given) => {
    if (!LOOKS_LIKE_JWT.test(given)) return null;
    const claims = await verify(given);
    if (claims === null || typeof claims.sub !== 'string' || claims.sub === '') return null;
    const allowed = allowedBy(claims, rules);
    if ('refusal' in allowed)
      throw new ProblemError({
        type: 'forbidden',
        status: 403,
        title: 'This token may not do that',
        detail: allowed.refusal,
      });
    // PostgreSQL's text holds no NUL.
    const name = claims.sub.replaceAll('\0', '').slice(0, 200);
    return { tokenId: idOf(issuer, claims.sub), name, may: allowed.role, scope: allowed.scope };
  };
}
