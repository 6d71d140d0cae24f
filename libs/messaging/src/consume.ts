/**
 * Durable pull consumers, shared by all replicas of a service. Each lane asks for one message, handles it and asks for
 * the next: nothing waits in a process that is busy or dead, and replicas share exactly.
 *
 *   pull ─▶ decode ─▶ handler ─▶ ack          while it runs: "working" every third of the ack wait
 *              │          ├─ TryLater ─▶ again here, message kept          (a database is away)
 *              │          ├─ error ─▶ nak with back-off, another delivery  (maxDeliver times)
 *              └──────────┴─ Poison, too many ─▶ deadletter.<stream>, done
 */
import { setTimeout as pause } from 'node:timers/promises';
import { nanos } from '@nats-io/transport-node';
import type { MessageBody, MessageName } from '@netverdict/contracts';
import { type DeadLetter, MAX_KEPT_BYTES, sendDeadLetter } from './dead-letter.ts';
import { isPermission, reasonOf } from './errors.ts';
import type { Outcome } from './handled.ts';
import type { Link } from './link.ts';
import { type Pulled, pull } from './pull.ts';
import { type DurableConsumer, ensureConsumer } from './streams.ts';
import { inTraceOf } from './tracing.ts';
import { type Decoded, decode, ENCODING, InvalidMessage } from './wire.ts';

/** Thrown by a handler: this message will never succeed. */
export class Poison extends Error {
  override readonly name = 'Poison';
}

/** Thrown by a handler: nothing is wrong with the message, something it needs is away. Tried again for ever. */
export class TryLater extends Error {
  override readonly name = 'TryLater';
}

export interface Delivery {
  readonly id: string;
  readonly cluster: string;
  /** From the subject; null for subjects without a node. */
  readonly node: string | null;
  readonly occurredAt: string;
  /** 1 for the first. */
  readonly deliveries: number;
  /** The message as it came: JSON of the envelope, in zstd when it is large. */
  readonly bytes: Uint8Array;
  /** Aborted when the consumer is stopped and the grace is over. */
  readonly signal: AbortSignal;
}

export type Handler<N extends MessageName> = (body: MessageBody<N>, delivery: Delivery) => Promise<void>;

export interface ConsumeOptions<N extends MessageName = MessageName> {
  /** Messages handled side by side in this process, 8 by default. */
  readonly concurrency?: number;
  /** After so long without a sign of life the message goes to another replica, 6 s by default. */
  readonly ackWaitMs?: number;
  /** Deliveries before a message counts as poison, 5 by default. */
  readonly maxDeliver?: number;
  /** Before the n-th redelivery. */
  readonly backoffMs?: readonly number[];
  /** Told before the message is put away; `body` is null when it could not be read. May publish a failure. */
  readonly onDeadLetter?: (letter: DeadLetter, body: MessageBody<N> | null) => Promise<void>;
}

export interface Consumption {
  /** No new messages; those under way have `graceMs` (3 s) to finish, then they go back to the stream. */
  stop(graceMs?: number): Promise<void>;
}

const DEFAULT_BACKOFF_MS = [200, 1000, 3000, 10_000] as const;

/** @returns null when aborted first: the answer to what was asked of an old connection may never come */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const give = (): void => resolve(null);
    if (signal.aborted) give();
    signal.addEventListener('abort', give);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', give));
  });
}

export function consume<N extends MessageName>(
  link: Link,
  message: N,
  handler: Handler<N>,
  options: ConsumeOptions<N> = {},
): Consumption {
  const { log } = link;
  const ackWaitMs = options.ackWaitMs ?? 6000;
  const maxDeliver = options.maxDeliver ?? 5;
  const backoff = options.backoffMs ?? DEFAULT_BACKOFF_MS;
  const stopped = new AbortController();
  const abandoned = new AbortController();
  /** Of the pulls that wait. Replaced on each reconnection: what they wait for may be gone with the old server. */
  let pulls = new AbortController();
  let consumer: Promise<DurableConsumer> | null = null;
  const forget = (): void => {
    consumer = null;
    pulls.abort();
    pulls = new AbortController();
  };
  const unsubscribe = link.onReconnect(forget);
  stopped.signal.addEventListener('abort', () => pulls.abort());

  const tell = (pulled: Pulled, word: string): void => {
    // Without a connection the message comes again anyway.
    if (!link.nc.isClosed() && !link.nc.isDraining()) link.nc.publish(pulled.reply, word);
  };
  const nak = (pulled: Pulled, delayMs: number): void => tell(pulled, `-NAK {"delay":${nanos(delayMs)}}`);

  async function putAway(pulled: Pulled, reason: string, body: MessageBody<N> | null): Promise<void> {
    const place = await (consumer ?? ensureConsumer(link, message, ackWaitMs));
    const letter: DeadLetter = {
      reason,
      stream: place.stream,
      subject: pulled.msg.subject,
      seq: pulled.seq,
      deliveries: pulled.deliveries,
      consumer: place.durable,
      at: new Date().toISOString(),
      data: Buffer.from(pulled.msg.data.subarray(0, MAX_KEPT_BYTES)).toString('base64'),
      bytes: pulled.msg.data.length,
      encoding: pulled.msg.headers?.get(ENCODING) ?? '',
    };
    log.error({ ...letter, data: undefined }, 'message put away as a dead letter');
    await options.onDeadLetter?.(letter, body);
    await sendDeadLetter(link, letter);
    tell(pulled, '+TERM');
  }

  /** Calls the handler until it returns, TryLater aside. */
  async function handle(decoded: Decoded<N>, pulled: Pulled): Promise<void> {
    const { envelope, body, node } = decoded;
    const delivery: Delivery = {
      id: envelope.id,
      cluster: envelope.cluster,
      node,
      occurredAt: envelope.occurredAt,
      deliveries: pulled.deliveries,
      bytes: pulled.msg.data,
      signal: abandoned.signal,
    };
    for (let attempt = 0; ; attempt++) {
      try {
        return await inTraceOf(envelope, `consume ${message}`, () => handler(body, delivery));
      } catch (error) {
        if (!(error instanceof TryLater) || stopped.signal.aborted) throw error;
        const waitMs = Math.min(100 * 2 ** Math.min(attempt, 10), 5000);
        log.warn({ message, id: envelope.id, reason: reasonOf(error), waitMs }, 'handler asks to try later');
        await pause(waitMs, undefined, { signal: stopped.signal }).catch(() => {});
      }
    }
  }

  async function deliver(pulled: Pulled): Promise<void> {
    const alive = setInterval(() => tell(pulled, '+WPI'), ackWaitMs / 3);
    const giveBack = (): void => nak(pulled, 0);
    abandoned.signal.addEventListener('abort', giveBack);
    let body: MessageBody<N> | null = null;
    let outcome: Outcome = 'dead';
    const began = performance.now();
    try {
      const decoded = await decode(message, pulled.msg);
      body = decoded.body;
      // More deliveries than ever were refused: the process dies of it.
      if (pulled.deliveries > maxDeliver) throw new Poison(`delivered ${pulled.deliveries} times without an answer`);
      await handle(decoded, pulled);
      outcome = 'done';
      tell(pulled, '+ACK');
    } catch (error) {
      const poisoned = error instanceof Poison || error instanceof InvalidMessage;
      const retried = !poisoned && pulled.deliveries < maxDeliver;
      if (error instanceof TryLater || retried) {
        outcome = 'again';
        const delayMs = error instanceof TryLater ? 0 : (backoff[pulled.deliveries - 1] ?? backoff.at(-1) ?? 1000);
        log.warn(
          { err: error, message, deliveries: pulled.deliveries, delayMs },
          'handler failed, will be redelivered',
        );
        nak(pulled, delayMs);
      } else await putAway(pulled, reasonOf(error), body);
    } finally {
      clearInterval(alive);
      link.handled.note(message, outcome, (performance.now() - began) / 1000);
      abandoned.signal.removeEventListener('abort', giveBack);
    }
  }

  async function lane(): Promise<void> {
    for (let failures = 0; !stopped.signal.aborted; ) {
      try {
        const cancel = pulls.signal;
        consumer ??= ensureConsumer(link, message, ackWaitMs);
        const place = await orAborted(consumer, cancel);
        if (place === null) continue;
        const pulled = await pull(link, place, cancel);
        failures = 0;
        if (pulled) await deliver(pulled);
      } catch (error) {
        if (stopped.signal.aborted) return;
        const waitMs = Math.min(100 * 2 ** Math.min(failures++, 6), 3000);
        const level = isPermission(error) ? 'error' : 'warn';
        // Said by the first lane that notices.
        if (consumer !== null)
          log[level]({ message, reason: reasonOf(error), waitMs }, 'consumer is not there, making it again');
        consumer = null;
        await pause(waitMs, undefined, { signal: stopped.signal }).catch(() => {});
      }
    }
  }

  const lanes = Promise.all(Array.from({ length: options.concurrency ?? 8 }, lane));
  let stopping: Promise<void> | null = null;
  async function stop(graceMs: number): Promise<void> {
    stopped.abort();
    unsubscribe();
    const timer = setTimeout(() => abandoned.abort(), graceMs);
    const over = new Promise<void>((resolve) => abandoned.signal.addEventListener('abort', () => resolve()));
    await Promise.race([lanes, over]);
    clearTimeout(timer);
    // The server must have seen that the pulls are withdrawn before it is given more messages for them.
    if (link.connected()) await Promise.race([link.nc.flush().catch(() => {}), pause(500, undefined, { ref: false })]);
  }
  return {
    stop(graceMs = 3000) {
      stopping ??= stop(graceMs);
      return stopping;
    },
  };
}
