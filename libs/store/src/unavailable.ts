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
export function isUnavailable(error: unknown): boolean {
  for (let e: unknown = error, depth = 0; e instanceof Error && depth < 5; e = e.cause, depth++) {
    const code = 'code' in e && typeof e.code === 'string' ? e.code : '';
    if (NETWORK.has(code) || /^08|^53|^57P|^58|^40|^25006$|^55P03$/.test(code)) return true;
    if (e instanceof AggregateError && e.errors.some(isUnavailable)) return true;
    // pg's own errors have no code.
    if (
      /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout)/.test(
        e.message,
      )
    )
      return true;
  }
  return false;
}
