/** The service's waits as tests have them: seconds and minutes would be waited for too long. */
import type { RetrySettings } from '../domain/webhooks/after-attempt.ts';
import type { Pace } from '../service.ts';

export const QUICK_RETRIES: RetrySettings = {
  waitsMs: [300, 300, 300],
  trustedBelow: 5,
  pauseMs: 500,
  longestPauseMs: 1000,
};

/** A receiver within the test's own process answers in no time, and on a busy machine in a second or two. */
export const QUICK: Pace = {
  sweepEveryMs: 100,
  reconcileEveryMs: 300,
  retries: QUICK_RETRIES,
  postTimeoutMs: 3000,
  webhookLockMs: 2000,
  liveStuckMs: 10_000,
};
