/** What one token may take: requests a minute (over all replicas), requests at once and open streams (of this one). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible';
import type { TokenCheck } from './auth.ts';
import { ProblemError } from './problems.ts';

export interface Limits {
  readonly requestsPerMinute: number;
  readonly concurrentRequests: number;
  readonly concurrentStreams: number;
}

export const WINDOW_S = 60;
const STREAM = /\/(stream|:id\/events)$/;

const tooMany = (type: string, detail: string, retryAfterS: number): ProblemError =>
  new ProblemError({
    type,
    status: 429,
    title: 'This token asks for too much at once',
    detail,
    headers: { 'retry-after': String(retryAfterS) },
  });

/** How many each token has open. */
function counts(): { take(token: string, most: number): boolean; release(token: string): void } {
  const open = new Map<string, number>();
  return {
    take(token, most) {
      const now = open.get(token) ?? 0;
      if (now >= most) return false;
      open.set(token, now + 1);
      return true;
    },
    release(token) {
      const left = (open.get(token) ?? 0) - 1;
      if (left > 0) open.set(token, left);
      else open.delete(token);
    },
  };
}

/** Call after authentication was hooked in: it asks who was authenticated. */
export function limitTokens(
  app: FastifyInstance,
  token: TokenCheck,
  limiter: Pick<RateLimiterAbstract, 'consume'>,
  limits: Limits,
  onError: (error: unknown) => void,
): void {
  const { requestsPerMinute, concurrentRequests, concurrentStreams } = limits;
  const [requests, streams] = [counts(), counts()];

  /** As draft-ietf-httpapi-ratelimit-headers says it. */
  function say(reply: FastifyReply, { remainingPoints, msBeforeNext }: RateLimiterRes): number {
    const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000));
    reply.header('ratelimit-policy', `"token";q=${requestsPerMinute};w=${WINDOW_S}`);
    reply.header('ratelimit', `"token";r=${Math.max(0, remainingPoints)};t=${seconds}`);
    return seconds;
  }

  async function hold(tokenId: string, reply: FastifyReply): Promise<void> {
    try {
      say(reply, await limiter.consume(tokenId));
    } catch (error) {
      // A limit that cannot be counted is no reason to refuse.
      if (!(error instanceof RateLimiterRes)) return onError(error);
      const seconds = say(reply, error);
      throw tooMany('rate-limited', `It may send ${requestsPerMinute} requests a minute.`, seconds);
    }
  }

  app.addHook('onRequest', async (request: FastifyRequest, reply) => {
    if (!request.url.startsWith('/api/')) return;
    const { tokenId } = token.check(request);
    await hold(tokenId, reply);
    const isStream = STREAM.test(request.routeOptions.url ?? '');
    const [kind, most] = isStream ? [streams, concurrentStreams] : [requests, concurrentRequests];
    if (!kind.take(tokenId, most))
      throw tooMany(
        isStream ? 'too-many-streams' : 'too-many-requests-at-once',
        `It has ${most} ${isStream ? 'streams open' : 'requests under way'} at this replica; that is as many as one token may have.`,
        isStream ? 10 : 1,
      );
    // Of an answer that was sent, and of a client that went away.
    reply.raw.once('close', () => kind.release(tokenId));
  });
}
