/** Judged by the specification's reference library: what it signs is taken, and nothing that it refuses. */
import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { verifyWebhook, WebhookVerificationError } from './verify-webhook.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER = `whsec_${randomBytes(32).toString('base64')}`;
const BODY = '{"type":"webhook.ping","timestamp":"2026-01-01T00:00:00Z","data":{"webhook":"wh_1 äöü 对"}}';
const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';

function signed(at = new Date(), secret = SECRET, body = BODY): Record<string, string> {
  const seconds = String(Math.floor(at.getTime() / 1000));
  return {
    'webhook-id': ID,
    'webhook-timestamp': seconds,
    'webhook-signature': new Webhook(secret).sign(ID, at, body),
  };
}

test("the specification's published vector is taken", async () => {
  const headers = {
    'webhook-id': ID,
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  };
  const now = new Date(1614265330_000);
  expect(await verifyWebhook(SECRET, headers, '{"test": 2432232314}', { now })).toEqual({
    id: ID,
    message: { test: 2432232314 },
  });
  await expect(verifyWebhook(SECRET, headers, '{"test": 2432232315}', { now })).rejects.toThrow(
    'no signature is right',
  );
});

test('what the reference library signs is taken, as text, as bytes, with either kind of headers', async () => {
  const taken = { id: ID, message: JSON.parse(BODY) };
  expect(await verifyWebhook(SECRET, signed(), BODY)).toEqual(taken);
  expect(await verifyWebhook(SECRET, new Headers(signed()), new TextEncoder().encode(BODY))).toEqual(taken);
  expect(await verifyWebhook(SECRET.slice(6), signed(), BODY)).toEqual(taken);
});

test('while a secret is rotated one of several signatures is enough, and one of several secrets', async () => {
  const headers = signed();
  headers['webhook-signature'] += ` ${signed(new Date(), OTHER)['webhook-signature']} v1a,other v2,x v1`;
  await verifyWebhook(SECRET, headers, BODY);
  await verifyWebhook(OTHER, headers, BODY);
  await verifyWebhook([OTHER, SECRET], signed(), BODY);
  expect(new Webhook(OTHER).verify(BODY, headers)).toEqual(JSON.parse(BODY));
});

const aside = (seconds: number): Date => new Date(Date.now() + seconds * 1000);
const forgeries: [string, Record<string, string>, string, string][] = [
  ['another secret', signed(new Date(), OTHER), BODY, 'no signature is right'],
  ['another body', signed(), `${BODY} `, 'no signature is right'],
  ['another id', { ...signed(), 'webhook-id': 'msg_other' }, BODY, 'no signature is right'],
  ['an old one sent again', signed(aside(-301)), BODY, 'too old'],
  ['one of the future', signed(aside(303)), BODY, 'future'],
  [
    'another version',
    { ...signed(), 'webhook-signature': signed()['webhook-signature']?.replace('v1', 'v2') ?? '' },
    BODY,
    'no signature',
  ],
  ['no base64', { ...signed(), 'webhook-signature': 'v1,§§' }, BODY, 'no signature is right'],
  ['no time', { ...signed(), 'webhook-timestamp': 'yesterday' }, BODY, 'webhook-timestamp'],
];
test.each(forgeries)('refused, by the reference library too: %s', async (_, headers, body, why) => {
  const refusal = await verifyWebhook(SECRET, headers, body).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(WebhookVerificationError);
  expect(String(refusal)).toContain(why);
  expect(() => new Webhook(SECRET).verify(body, headers)).toThrow();
});

test.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('without %s it is refused', async (name) => {
  const headers = Object.fromEntries(Object.entries(signed()).filter(([key]) => key !== name));
  await expect(verifyWebhook(SECRET, headers, BODY)).rejects.toThrow(name);
});

test('a secret that is none is told apart from a forgery', async () => {
  await expect(verifyWebhook('whsec_§', signed(), BODY)).rejects.toThrow('the secret is not one');
});
