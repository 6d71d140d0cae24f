/** Lines of JSON on stderr, for whoever collects containers' output. The service's own log is on stdout. */
import type { Writable } from 'node:stream';
import type { Sink } from './sink.ts';

export const stderrSink = (to: Writable = process.stderr): Sink => ({
  name: 'stderr',
  send: (batch) =>
    new Promise((resolve, reject) => {
      // The callback comes when the pipe has taken it: a reader that stands still fills the queue, not the memory.
      to.write(batch.map(({ line }) => `${line}\n`).join(''), (error) => (error ? reject(error) : resolve()));
    }),
  close: async () => undefined,
});
