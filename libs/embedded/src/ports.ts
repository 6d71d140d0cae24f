/** Free loopback ports: chosen once, then kept, so that URLs survive a restart. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const HOST = '127.0.0.1';
/**
 * Not of those that the kernel gives to whoever asks for any (ip_local_port_range begins at 32768, elsewhere at 49152):
 * while who listens here is away for a moment, such a port may be another's, or the way out of somebody's connection.
 * Nor a NodePort, from 30000 on.
 */
const OURS = { from: 20_000, to: 30_000 } as const;
const TRIES = 50;

/** @param port 0 lets the kernel choose. @returns null when it is taken */
function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, HOST, () => {
      const address = server.address();
      const got = typeof address === 'object' && address !== null ? address.port : null;
      server.close(() => resolve(got));
    });
  });
}

/** @param wanted taken when it is free */
export async function freePort(wanted?: number): Promise<number> {
  let port = wanted === undefined ? null : await tryPort(wanted);
  for (let i = 0; port === null && i < TRIES; i++) port = await tryPort(randomInt(OURS.from, OURS.to));
  port ??= await tryPort(0);
  if (port === null) throw new Error('no free port on 127.0.0.1');
  return port;
}
