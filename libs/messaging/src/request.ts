/** Request with a stream of replies, in order, with an end and a deadline: topology asks the agent of a node. */
import { createInbox, headers, type Subscription } from '@nats-io/transport-node';
import { inboxPrefix, type MessageBody, subjectOf } from '@netverdict/contracts';
import { ConnectionLost, NoResponder, NotPermitted, RequestTimeout, reasonOf } from './errors.ts';
import type { Link } from './link.ts';
import { inTraceOf } from './tracing.ts';
import { decode, encode, InvalidMessage } from './wire.ts';

/** Each request of the catalog with the message that answers it. */
export interface Answers {
  readonly collect: 'collect-chunk';
  readonly probe: 'probe-answer';
  readonly follow: 'follow-answer';
  readonly measure: 'measure-answer';
  readonly locate: 'locate-answer';
  readonly capture: 'capture-answer';
}
export type RequestName = keyof Answers;
const ANSWER = {
  collect: 'collect-chunk',
  probe: 'probe-answer',
  follow: 'follow-answer',
  measure: 'measure-answer',
  locate: 'locate-answer',
  capture: 'capture-answer',
} as const satisfies {
  [R in RequestName]: Answers[R];
};
const FAILED: { readonly [R in RequestName]: (message: string) => MessageBody<Answers[R]> } = {
  collect: (message) => ({ kind: 'error', message }),
  probe: (message) => ({ kind: 'error', message }),
  follow: (message) => ({ kind: 'error', message }),
  measure: (message) => ({ kind: 'error', message }),
  locate: (message) => ({ kind: 'error', message }),
  capture: (message) => ({ kind: 'error', message }),
};

/** Chunks count from 1, so that a lost one is noticed; the last says so. */
const SEQ = 'Nv-Seq';
const END = 'Nv-End';
const FLUSH_EVERY_BYTES = 1024 * 1024;

export interface RequestOptions {
  /** For the whole answer. */
  readonly timeoutMs: number;
  readonly id: string;
}

/**
 * Stop iterating to lose interest. A chunk of kind `error` is the agent's own answer and is yielded.
 * @throws NoResponder at once when nobody serves the node; ConnectionLost at once when the connection is away or breaks;
 * RequestTimeout; NotPermitted; InvalidMessage for a broken answer or a lost chunk.
 */
export async function* requestStream<R extends RequestName>(
  link: Link,
  request: R,
  to: { readonly cluster: string; readonly node: string | null },
  body: MessageBody<R>,
  options: RequestOptions,
): AsyncGenerator<MessageBody<Answers[R]>, void, undefined> {
  const subject = subjectOf(request, to.cluster, to.node);
  const encoded = await encode(request, to.cluster, body, options.id);
  if (!link.connected()) throw new ConnectionLost(`${subject}: not connected to NATS`);
  const inbox = createInbox(inboxPrefix(link.user));
  const sub: Subscription = link.nc.subscribe(inbox);
  const late = `${subject}: no complete answer within ${options.timeoutMs} ms`;
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    sub.unsubscribe();
  }, options.timeoutMs);
  let lost = false;
  const off = link.onDisconnect(() => {
    lost = true;
    sub.unsubscribe();
  });
  try {
    link.nc.publish(subject, encoded.payload, { reply: inbox, headers: encoded.headers });
    let expected = 1;
    for await (const msg of sub) {
      if (msg.headers?.code === 503 && msg.data.length === 0) throw new NoResponder(`nobody serves ${subject}`);
      const seq = Number(msg.headers?.get(SEQ) ?? '');
      if (seq !== expected++) throw new InvalidMessage(`${subject}: chunk ${expected - 1} is missing`);
      if (msg.data.length > 0) yield (await decode(ANSWER[request], msg)).body;
      if (msg.headers?.get(END) === '1') return;
    }
    if (lost) throw new ConnectionLost(`${subject}: the connection broke before the answer was complete`);
    throw timedOut ? new RequestTimeout(late) : new RequestTimeout(`${subject}: the connection was closed`);
  } catch (error) {
    if (error instanceof Error && error.name === 'PermissionViolationError')
      throw new NotPermitted(`may not ask ${subject}`, { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
    off();
    sub.unsubscribe();
  }
}

/** Sends one chunk. It waits while the connection is behind, so an answer of any size needs little memory. */
export type Reply<R extends RequestName> = (chunk: MessageBody<Answers[R]>) => Promise<void>;

export interface Serving {
  stop(): Promise<void>;
}

/**
 * Answers requests for one node, side by side. When the handler returns, the answer is ended; when it throws, its
 * message goes to the asker as a chunk of kind `error`.
 */
export function serve<R extends RequestName>(
  link: Link,
  request: R,
  at: { readonly cluster: string; readonly node: string | null },
  handler: (body: MessageBody<R>, reply: Reply<R>) => Promise<void>,
): Serving {
  const subject = subjectOf(request, at.cluster, at.node);
  const running = new Set<Promise<void>>();

  async function answer(msg: Parameters<typeof decode>[1] & { readonly reply?: string | undefined }): Promise<void> {
    const to = msg.reply;
    if (to === undefined || to === '') return;
    let seq = 0;
    let unflushed = 0;
    const send = async (chunk: MessageBody<Answers[R]> | null): Promise<void> => {
      const encoded =
        chunk === null
          ? { payload: new Uint8Array(0), headers: headers() }
          : await encode(ANSWER[request], at.cluster, chunk, `${to}/${seq + 1}`);
      encoded.headers.set(SEQ, String(++seq));
      if (chunk === null) encoded.headers.set(END, '1');
      if (link.nc.isClosed()) return;
      link.nc.publish(to, encoded.payload, { headers: encoded.headers });
      unflushed += encoded.payload.length;
      if (unflushed < FLUSH_EVERY_BYTES) return;
      unflushed = 0;
      await link.nc.flush();
    };
    try {
      const { envelope, body } = await decode(request, msg);
      await inTraceOf(envelope, `serve ${request}`, () => handler(body, send));
    } catch (error) {
      link.log.warn({ err: error, subject }, 'the request could not be answered');
      await send(FAILED[request](reasonOf(error)));
    }
    await send(null);
  }

  // A queue group: while an agent is being replaced, only one of the two answers.
  const sub = link.nc.subscribe(subject, { queue: 'serve' });
  const loop = (async () => {
    for await (const msg of sub) {
      const work = answer(msg)
        .catch((err: unknown) => link.log.warn({ err, subject }, 'the answer could not be sent'))
        .finally(() => running.delete(work));
      running.add(work);
    }
  })().catch((err: unknown) => link.log.error({ err, subject }, 'requests are refused'));
  return {
    async stop() {
      await sub.drain().catch(() => {});
      await loop;
      await Promise.all(running);
    },
  };
}
