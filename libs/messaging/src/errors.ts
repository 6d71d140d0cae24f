/** What can go wrong on the bus, by what the caller can do about it. */
import { errors } from '@nats-io/transport-node';

/** Not acknowledged before the deadline: nothing is known to be stored. Trying again with the same id is safe. */
export class BusUnavailable extends Error {
  override readonly name = 'BusUnavailable';
}

/** Nobody listens on the subject: the agent of that node is down. */
export class NoResponder extends Error {
  override readonly name = 'NoResponder';
}

/** The answer did not come, or did not end, in time. */
export class RequestTimeout extends Error {
  override readonly name = 'RequestTimeout';
}

/** The connection broke: what was said meanwhile is lost. Asking again, once it is back, may succeed. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/** The server refused the subject to this user: a wrong key, or a node that speaks for another. */
export class NotPermitted extends Error {
  override readonly name = 'NotPermitted';
}

/** NATS's client wraps the reason in its request error. */
const causes = function* (error: unknown): Generator<unknown> {
  for (let e = error, depth = 0; e !== undefined && depth < 5; depth++) {
    yield e;
    e = e instanceof Error ? e.cause : undefined;
  }
};
export const isNoResponders = (error: unknown): boolean =>
  [...causes(error)].some((e) => e instanceof errors.NoRespondersError);
export const isPermission = (error: unknown): boolean =>
  [...causes(error)].some((e) => e instanceof errors.PermissionViolationError);
export const isTimeout = (error: unknown): boolean => [...causes(error)].some((e) => e instanceof errors.TimeoutError);

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
