/** Ends what is done for a client when the client is gone, or we stop. */
import type { FastifyReply } from 'fastify';

export function abortOfClient(reply: FastifyReply, stopping: AbortSignal): AbortSignal {
  const gone = new AbortController();
  // The response closes with its end or with its connection; a kept-alive socket would collect listeners.
  reply.raw.once('close', () => gone.abort('the client is gone'));
  return AbortSignal.any([stopping, gone.signal]);
}
