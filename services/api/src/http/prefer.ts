/** `Prefer: wait=N` (RFC 7240): how long a client is willing to wait for the result. */

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
