import { expect, test } from 'vitest';
import { parseSecret, sign } from './signature.ts';

test("the specification's example is signed as it says", () => {
  // standard-webhooks spec, "Signature scheme", and its reference libraries' test vector.
  const key = parseSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  const headers = sign([key], 'msg_p5jXN8AQM9LWM0D4loKWxJek', new Date(1614265330_000), '{"test": 2432232314}');
  expect(headers).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('a secret that is too short is refused', () => {
  expect(() => parseSecret('whsec_c2hvcnQ=')).toThrow('24 to 64 bytes');
});
