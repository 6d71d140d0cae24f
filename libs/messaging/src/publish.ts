/** Publishing: stored messages until the server has acknowledged them, the others once. */
import { setTimeout as pause } from 'node:timers/promises';
import { CATALOG, type MessageBody, type MessageName, subjectOf } from '@netverdict/contracts';
import { BusUnavailable, isNoResponders, isPermission, NotPermitted, reasonOf } from './errors.ts';
import type { Link } from './link.ts';
import { ensureStream } from './streams.ts';
import { type Encoded, encode } from './wire.ts';

export interface PublishOptions {
  /** Deterministic (envelope.ts of contracts): the same id twice within two minutes is stored once. */
  readonly id: string;
  /** For subjects with a node; an agent's own when absent. */
  readonly node?: string;
  /** How long to try, 15 s by default. */
  readonly deadlineMs?: number;
}

export interface Published {
  readonly seq: number;
  /** The server had it already. */
  readonly duplicate: boolean;
}

interface PubAck {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly code: number; readonly description: string };
}

const ATTEMPT_MS = 2000;

/** What was asked of a connection that broke is not answered any more: rejects as soon as there is a new one. */
async function unlessReconnected<T>(link: Link, asked: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const unsubscribe = link.onReconnect(() => reject(new Error('the connection was made anew')));
  try {
    return await Promise.race([asked, promise]);
  } finally {
    unsubscribe();
    // The loser of the race must not become an unhandled rejection.
    asked.catch(() => {});
  }
}

/**
 * Sends to a stream until it is acknowledged. A stream that has vanished is created again where the role may.
 * @throws BusUnavailable after `deadlineMs`, or when the connection is closed meanwhile; NotPermitted
 */
export async function sendStored(
  link: Link,
  to: { readonly stream: string; readonly subject: string },
  message: Encoded,
  deadlineMs: number,
): Promise<Published> {
  const end = performance.now() + deadlineMs;
  let reason = 'no time left';
  for (let attempt = 0; ; attempt++) {
    const leftMs = end - performance.now();
    if (leftMs <= 0 || link.nc.isClosed()) break;
    // A connection that is being closed takes nothing new, and no pause lasts: to try again and again would keep it from ever being closed.
    if (attempt > 0 && link.closing.aborted) break;
    try {
      const timeout = Math.max(1, Math.min(ATTEMPT_MS, leftMs));
      const asked = link.nc.request(to.subject, message.payload, { timeout, headers: message.headers });
      const reply = await unlessReconnected(link, asked);
      const ack = reply.json<PubAck>();
      if (ack.error === undefined) return { seq: ack.seq ?? 0, duplicate: ack.duplicate === true };
      reason = ack.error.description;
    } catch (error) {
      if (isPermission(error)) throw new NotPermitted(`may not publish ${to.subject}`, { cause: error });
      reason = isNoResponders(error) ? `stream ${to.stream} does not exist` : reasonOf(error);
      if (isNoResponders(error))
        await ensureStream(link, to.stream).catch((e: unknown) => link.log.debug({ err: e }, reason));
    }
    const backoffMs = Math.min(50 * 2 ** Math.min(attempt, 6), 1000, Math.max(0, end - performance.now()));
    await pause(backoffMs, undefined, { signal: link.closing }).catch(() => {});
  }
  const ended = performance.now() < end ? 'before the connection was closed' : `within ${deadlineMs} ms`;
  throw new BusUnavailable(`${to.subject} was not stored ${ended}: ${reason}`);
}

export async function publish<N extends MessageName>(
  link: Link,
  message: N,
  cluster: string,
  body: MessageBody<N>,
  options: PublishOptions,
): Promise<Published> {
  const { stream } = CATALOG[message];
  if (stream === null) throw new Error(`${message} is not stored: use publishCore`);
  const node = options.node ?? (link.user.role === 'agent' ? link.user.node : null);
  const encoded = await encode(message, cluster, body, options.id);
  encoded.headers.set('Nats-Msg-Id', options.id);
  const subject = subjectOf(message, cluster, node);
  if (subject.includes('*')) throw new Error(`${message} needs a node`);
  return sendStored(link, { stream, subject }, encoded, options.deadlineMs ?? 15_000);
}

/** Once, to whoever listens now. Nothing is kept for a server that is away: what it says would be stale. */
export async function publishCore<N extends MessageName>(
  link: Link,
  message: N,
  cluster: string,
  body: MessageBody<N>,
  options: { readonly id: string; readonly node?: string; readonly service?: string },
): Promise<void> {
  if (!link.connected()) return;
  const member = options.node ?? options.service ?? (link.user.role === 'agent' ? link.user.node : null);
  const encoded = await encode(message, cluster, body, options.id);
  if (link.nc.isClosed()) return;
  link.nc.publish(subjectOf(message, cluster, member), encoded.payload, { headers: encoded.headers });
}
