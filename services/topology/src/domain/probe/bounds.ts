/** How many packets, how fast and how long: what the request allows, within the limits and before the diagnosis' deadline. */
import { type DiagnosisRequest, type ExpectedTarget, PROBE_LIMITS } from '@netverdict/contracts';
import type { Text } from '@netverdict/verdict';

export interface Bounds {
  /** Of each target, in their order. */
  readonly attempts: readonly number[];
  readonly perSecond: number;
  /** Of one attempt. */
  readonly timeoutMs: number;
  readonly totalMs: number;
}

const ATTEMPTS = 4;
const PER_SECOND = 20;
/** So fast at the most, where more is asked for than `PER_SECOND` has the time for. */
const FASTEST = 100;
const TOTAL_MS = 6000;
/** Silence is taken for an answer after so long: a SYN is sent again once within it. */
const TIMEOUT_MS = 1500;
const LEAST_MS = 500;
/** For following, judging and telling. */
const AFTERWARDS_MS = 3000;

export function boundsOf(
  request: DiagnosisRequest,
  expected: readonly ExpectedTarget[],
  leftMs: number,
): Bounds | Text {
  const asked = typeof request.probe === 'object' ? request.probe : {};
  const totalMs = Math.floor(Math.min(asked.totalMs ?? TOTAL_MS, leftMs - AFTERWARDS_MS));
  if (totalMs < LEAST_MS)
    return { en: 'The deadline left no time for a real probe.', zh: '截止时间前没有时间进行真实探测。' };
  const timeoutMs = Math.min(TIMEOUT_MS, Math.max(100, totalMs - 300));
  const each = asked.attempts ?? ATTEMPTS;
  const wanted = each * Math.max(1, expected.length);
  const needed = Math.ceil((wanted * 1000) / Math.max(1, totalMs - timeoutMs));
  const perSecond = asked.perSecond ?? Math.min(FASTEST, Math.max(PER_SECOND, needed));
  const room = Math.min(PROBE_LIMITS.attempts, Math.floor(((totalMs - timeoutMs) * perSecond) / 1000) + 1);
  // Where there is no room for all, each target has at least one, and what was asked about comes first.
  const fair = Math.max(1, Math.min(each, Math.floor(room / Math.max(1, expected.length))));
  return {
    attempts: expected.map((_, i) =>
      i === 0 ? Math.max(fair, Math.min(each, room - fair * (expected.length - 1))) : fair,
    ),
    perSecond,
    timeoutMs,
    totalMs,
  };
}
