/** Free loopback ports: chosen once, then kept, so that URLs survive a restart. */
import { randomInt } from 'node:crypto';
import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net';

const HOST = '127.0.0.1';
/**
 * Not of those that the kernel gives to whoever asks for any (ip_local_port_range begins at 32768, elsewhere at 49152):
 * while who listens here is away for a moment, such a port may be another's, or the way out of somebody's connection.
 * Nor a NodePort, from 30000 on.
 */
const OURS = { from: 20_000, to: 30_000 } as const;
const TRIES = 50;

/**
 * What was given out is kept until this process ends, as a name that no two processes can have at once (an abstract socket): who has
 * it may not listen yet, or be away for a moment, and neither another call here nor another process may take it meanwhile.
 */
const given = new Map<number, Server>();

function listening(at: ListenOptions): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(at, () => resolve(server));
  });
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));

const nameOf = (port: number): ListenOptions => ({ path: `\0netverdict-port-${port}` });

/** The name first: nobody tries to listen where another was sent. @returns null when it is taken */
async function tryPort(port: number): Promise<number | null> {
  const name = given.get(port) ?? (await listening(nameOf(port)));
  if (name === null) return null;
  const server = await listening({ port, host: HOST });
  if (server === null) {
    if (!given.has(port)) await closed(name);
    return null;
  }
  await closed(server);
  given.set(port, name.unref());
  return port;
}

async function anyPort(): Promise<number | null> {
  const server = await listening({ port: 0, host: HOST });
  if (server === null) return null;
  const { port } = server.address() as AddressInfo;
  await closed(server);
  return given.has(port) ? null : await tryPort(port);
}

/**
 * @param wanted taken when it is free, also when this process was given it before
 * @throws where none is free
 */
export async function freePort(wanted?: number): Promise<number> {
  let port = wanted === undefined ? null : await tryPort(wanted);
  for (let i = 0; port === null && i < TRIES; i++) {
    const drawn = randomInt(OURS.from, OURS.to);
    if (!given.has(drawn)) port = await tryPort(drawn);
  }
  port ??= await anyPort();
  if (port === null) throw new Error('no free port on 127.0.0.1');
  return port;
}
