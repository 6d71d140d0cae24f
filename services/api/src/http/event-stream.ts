/** Server-sent events (WHATWG HTML, 9.2) as an answer. */
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

export interface EventFrame {
  readonly event: string;
  /** Last-Event-ID of a reader that ends here; absent: as before. */
  readonly id?: string | number;
  readonly data: unknown;
}

export const eventFrame = ({ event, id, data }: EventFrame): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** A comment, which keeps the connection alive; the id still counts for where the reader is. */
export const heartbeatFrame = (id?: string): string => `: heartbeat\n${id === undefined ? '' : `id: ${id}\n`}\n`;

async function* withRetry(frames: AsyncIterable<string>): AsyncGenerator<string> {
  yield 'retry: 1000\n\n';
  yield* frames;
}

export function sendEventStream(reply: FastifyReply, frames: AsyncIterable<string>): FastifyReply {
  reply.header('content-type', 'text/event-stream; charset=utf-8');
  reply.header('cache-control', 'no-store');
  // nginx would gather the events otherwise.
  reply.header('x-accel-buffering', 'no');
  return reply.send(Readable.from(withRetry(frames)));
}
