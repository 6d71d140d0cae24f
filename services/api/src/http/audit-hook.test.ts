import { once } from 'node:events';
import { connect } from 'node:net';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { rememberAddresses } from './audit-hook.ts';

/** As the api has it after a wait in which whoever asked has gone. */
async function addressAfterwards(remember: boolean): Promise<string | undefined> {
  const app = Fastify();
  const addressOf = remember ? rememberAddresses(app) : ({ ip }: { readonly ip: string }): string | undefined => ip;
  const asked = Promise.withResolvers<void>();
  const told = Promise.withResolvers<string | undefined>();
  app.addHook('onRequest', async (request) => {
    const gone = once(request.raw.socket, 'close');
    asked.resolve();
    await gone;
    told.resolve(addressOf(request));
  });
  app.post('/', async () => 'done');
  const url = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const socket = connect(Number(url.port), '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 0\r\n\r\n');
  await asked.promise;
  socket.destroy();
  const address = await told.promise;
  await app.close();
  return address;
}

test('whoever has gone before the audit log is written is still known by the address, which the connection tells no more', async () => {
  expect(await addressAfterwards(true)).toBe('127.0.0.1');
  expect(await addressAfterwards(false)).toBeUndefined();
});
