import { expect, test } from 'vitest';
import { newSecret, sealingWith, written } from './secrets.ts';

const [old, now] = [newSecret(), newSecret()];

test('what is sealed shows nothing, opens for its webhook alone, and not without the key', () => {
  const secret = newSecret();
  const sealed = sealingWith([old]).seal(secret, 'wh_1');
  expect(Buffer.from(sealed, 'base64').includes(secret)).toBe(false);
  expect(sealingWith([old]).open(sealed, 'wh_1')).toEqual(secret);
  expect(sealingWith([old]).open(sealed, 'wh_2')).toBeNull();
  expect(sealingWith([now]).open(sealed, 'wh_1')).toBeNull();
  expect(sealingWith([old]).open('nonsense', 'wh_1')).toBeNull();
});

test("after the server's secret has changed, what the former one sealed still opens as long as it is there", () => {
  const secret = newSecret();
  const sealed = sealingWith([old]).seal(secret, 'wh_1');
  expect(sealingWith([now, old]).open(sealed, 'wh_1')).toEqual(secret);
});

test('a secret is written as Standard Webhooks has it', () => {
  expect(written(newSecret())).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
});
