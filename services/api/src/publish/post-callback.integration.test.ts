/** Where a callback may not go, whatever its name says: judged by the address that is connected to. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { callbackPolicy } from '../domain/callback-policy.ts';
import { type Receiver, startReceiver } from '../testing/receiver.ts';
import { type LookupAll, postCallback } from './post-callback.ts';

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

test('a name that changes its meaning between two lookups is connected to as it was judged', async () => {
  // The first answer is a public address, all others are our own machine: what a rebinding server does.
  let asked = 0;
  const rebinding: LookupAll = (_host, _options, callback) =>
    callback(null, [{ address: ++asked === 1 ? '192.0.2.1' : '127.0.0.1', family: 4 }]);
  const settings = { policy: callbackPolicy([]), timeoutMs: 700, lookup: rebinding };
  const url = `https://rebind.example:${new URL(receiver.url).port}/`;
  const first = await postCallback(url, '{}', {}, settings);
  expect(first).toMatchObject({ status: null, refused: false });
  expect(asked).toBe(1);
  const second = await postCallback(url, '{}', {}, settings);
  expect(second).toMatchObject({ status: null, refused: true });
  expect(second.error).toContain('127.0.0.1 is a loopback');
  expect(receiver.received).toEqual([]);
});

test('one bad address among several is enough to refuse', async () => {
  const both: LookupAll = (_host, _options, callback) =>
    callback(null, [
      { address: '192.0.2.1', family: 4 },
      { address: '::ffff:169.254.169.254', family: 6 },
    ]);
  const posted = await postCallback(
    'https://two.example/',
    '{}',
    {},
    { policy: callbackPolicy([]), timeoutMs: 700, lookup: both },
  );
  expect(posted).toMatchObject({ refused: true });
});
