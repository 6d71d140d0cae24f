/** Counts each token's requests: in Redis over all replicas, and in this one's memory while Redis is away. */
import { Redis } from 'ioredis';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import { WINDOW_S } from '../http/limits.ts';

/** No request waits for Redis longer than this. */
const COMMAND_MS = 250;

export interface RequestLimiter {
  readonly limiter: RateLimiterAbstract;
  /** Redis does. */
  answers(): Promise<boolean>;
  close(): void;
}

export function openRequestLimiter(redisUrl: string, requestsPerMinute: number, prefix = 'netverdict'): RequestLimiter {
  const redis = new Redis(redisUrl, {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    commandTimeout: COMMAND_MS,
    retryStrategy: (times: number): number => Math.min(100 * 2 ** Math.min(times, 6), 3000),
  });
  redis.on('error', () => undefined);
  const policy = { points: requestsPerMinute, duration: WINDOW_S, keyPrefix: `${prefix}:requests` };
  const limiter = new RateLimiterRedis({
    ...policy,
    storeClient: redis,
    rejectIfRedisNotReady: true,
    insuranceLimiter: new RateLimiterMemory(policy),
  });
  const answers = (): Promise<boolean> =>
    redis.ping().then(
      () => true,
      () => false,
    );
  return { limiter, answers, close: () => redis.disconnect() };
}
