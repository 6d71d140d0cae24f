/** Free loopback ports: chosen by the kernel once, then kept, so that URLs survive a restart. */
import { createServer } from 'node:net';

const HOST = '127.0.0.1';

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

export async function freePort(wanted: number | undefined): Promise<number> {
  const port = (wanted === undefined ? null : await tryPort(wanted)) ?? (await tryPort(0));
  if (port === null) throw new Error('no free port on 127.0.0.1');
  return port;
}
