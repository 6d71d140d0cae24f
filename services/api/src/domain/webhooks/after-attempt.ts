/** What follows an attempt: the next one, or none; and how it goes with the receiver. Pure. */
import type { Health } from '@netverdict/store';

export interface Attempted {
  /** null: no answer. */
  readonly status: number | null;
  /** null: a 2xx answer. */
  readonly error: string | null;
  /** The address may not be used. */
  readonly refused: boolean;
  /** What the receiver asked for by Retry-After. */
  readonly retryAfterMs: number | null;
}

export interface RetrySettings {
  /** After the first, second… failed attempt. */
  readonly waitsMs: readonly number[];
  /** A receiver that fails so often in a row is left alone for a while, then tried with one delivery. */
  readonly trustedBelow: number;
  /** First pause, doubled each time, up to the longest. */
  readonly pauseMs: number;
  readonly longestPauseMs: number;
}

const DAY_MS = 86_400_000;

/** Ten attempts over 23.7 hours. */
export const RETRIES: RetrySettings = {
  waitsMs: [5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 46_800_000],
  trustedBelow: 5,
  pauseMs: 10_000,
  longestPauseMs: 600_000,
};

export interface Consequence {
  readonly retryInMs: number | null;
  readonly health: (failures: number) => Health;
  readonly disable: string | null;
}

/** Between 0.8 and 1.2 of it: those who failed together do not come back together. */
const jittered = (ms: number, random: number): number => Math.round(ms * (0.8 + 0.4 * random));

/** An answer such as 404 comes from a receiver that works: it does not want this delivery. */
const unwell = ({ status, refused }: Attempted): boolean =>
  !refused && (status === null || status >= 500 || status === 429 || status === 408);

/** @param failed attempts of this delivery that had failed before, since it was last asked for; @param random 0…1 */
export function afterAttempt(
  attempted: Attempted,
  failed: number,
  settings: RetrySettings,
  random: number,
): Consequence {
  const { status, error, refused } = attempted;
  const gone = status === 410;
  const wait = settings.waitsMs[failed];
  const retries = error !== null && !refused && !gone && wait !== undefined;
  const asked = Math.min(attempted.retryAfterMs ?? 0, DAY_MS);
  return {
    retryInMs: retries ? Math.max(jittered(wait, random), asked) : null,
    disable: gone ? 'the receiver answered 410 Gone' : null,
    health(failures) {
      if (!unwell(attempted)) return { failures: 0, pauseMs: null };
      const now = failures + 1;
      const doubled = Math.min(
        settings.pauseMs * 2 ** Math.min(now - settings.trustedBelow, 30),
        settings.longestPauseMs,
      );
      const pause = now < settings.trustedBelow ? 0 : jittered(doubled, random);
      const longest = Math.max(pause, asked);
      return { failures: now, pauseMs: longest === 0 ? null : longest };
    },
  };
}

/** Seconds, or a date (RFC 9110). null: neither. */
export function parseRetryAfter(text: string | undefined, nowMs: number): number | null {
  if (text === undefined) return null;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}
