/** One pull: asks a durable consumer for one message and waits for it. */
import { createInbox, type Msg, nanos } from '@nats-io/transport-node';
import { inboxPrefix } from '@netverdict/contracts';
import type { Link } from './link.ts';
import type { DurableConsumer } from './streams.ts';

export interface Pulled {
  readonly msg: Msg;
  /** Where the ack goes. */
  readonly reply: string;
  /** 1 for the first. */
  readonly deliveries: number;
  /** In the stream. */
  readonly seq: number;
}

const PULL_MS = 20_000;

/** `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.…`; with a domain and account hash in front since 2.10. */
export function parseAckSubject(reply: string): { deliveries: number; seq: number } | null {
  const tokens = reply.split('.');
  const at = tokens.length >= 11 ? 6 : 4;
  const deliveries = Number(tokens[at]);
  const seq = Number(tokens[at + 1]);
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || !Number.isInteger(deliveries) || !Number.isInteger(seq))
    return null;
  return { deliveries, seq };
}

/** @throws Error with the server's reason: consumer deleted, no such consumer, server shutting down, … */
function read(consumer: DurableConsumer, msg: Msg): Pulled | null {
  const place = msg.reply === undefined ? null : parseAckSubject(msg.reply);
  if (place && msg.reply !== undefined) return { msg, reply: msg.reply, ...place };
  const code = msg.headers?.code ?? 0;
  // 404: none, 408: none in time.
  if (code === 404 || code === 408) return null;
  const reason = code === 503 ? 'does not exist' : `${code} ${msg.headers?.description ?? ''}`;
  throw new Error(`consumer ${consumer.durable} of ${consumer.stream}: ${reason}`);
}

/**
 * The subscription is this pull's own: a message comes under its own subject, which the client's shared inbox could not
 * tell apart, and unsubscribing withdraws the pull at the server.
 * @returns null when no message came within 20 s, or `cancel` was aborted
 */
export function pull(link: Link, consumer: DurableConsumer, cancel: AbortSignal): Promise<Pulled | null> {
  if (cancel.aborted) return Promise.resolve(null);
  return new Promise((resolve, reject) => {
    const inbox = createInbox(inboxPrefix(link.user));
    const end = (): void => {
      clearTimeout(timer);
      cancel.removeEventListener('abort', give);
    };
    const sub = link.nc.subscribe(inbox, {
      max: 1,
      callback: (error, msg) => {
        end();
        if (error) return reject(error);
        try {
          resolve(read(consumer, msg));
        } catch (reason) {
          reject(reason);
        }
      },
    });
    const give = (): void => {
      end();
      sub.unsubscribe();
      resolve(null);
    };
    // The server ends the pull; this is for a server that has forgotten it.
    const timer = setTimeout(give, PULL_MS + 1000);
    cancel.addEventListener('abort', give);
    const api = `$JS.API.CONSUMER.MSG.NEXT.${consumer.stream}.${consumer.durable}`;
    link.nc.publish(api, JSON.stringify({ batch: 1, expires: nanos(PULL_MS) }), { reply: inbox });
  });
}
