/** Tells "the database is not there just now" from a bug: the first is answered by waiting, the second by nobody. */

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'EHOSTUNREACH',
]);

/**
 * True for lost or refused connections, a server that starts, stops, only reads or lacks something (slots, memory, room on its disk), and
 * for a transaction that lost against another one: the same again, later, may well succeed
 * (SQLSTATE classes 08, 53, 57P, 58 and 40, 25006, 55P03; PostgreSQL's documentation, appendix A).
 */
export const isUnavailable = (error: unknown): boolean => whyUnavailable(error) !== null;

/** `full`: no room on its disk; `conflict`: it lost against another transaction; `away`: all the rest. */
export type Unavailable = 'away' | 'full' | 'conflict';

/** @returns null: it is not the database's state, but a bug */
export function whyUnavailable(error: unknown): Unavailable | null {
  for (let e: unknown = error, depth = 0; e instanceof Error && depth < 5; e = e.cause, depth++) {
    const code = 'code' in e && typeof e.code === 'string' ? e.code : '';
    if (code === '53100') return 'full';
    if (/^40|^55P03$/.test(code)) return 'conflict';
    if (NETWORK.has(code) || /^08|^53|^57P|^58|^25006$/.test(code)) return 'away';
    if (e instanceof AggregateError)
      for (const one of e.errors) {
        const why = whyUnavailable(one);
        if (why !== null) return why;
      }
    // pg's own errors have no code.
    if (
      /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout)/.test(
        e.message,
      )
    )
      return 'away';
  }
  return null;
}
