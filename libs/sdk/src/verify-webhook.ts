/**
 * For receivers of webhooks: is this message from Netverdict, and new enough? Standard Webhooks (standardwebhooks.com), by WebCrypto, so that
 * it runs in Node, Deno, Bun, browsers and workers.
 */
import type { webcrypto } from 'node:crypto';
import type { AnyWebhookMessage } from '@netverdict/contracts';

/** The message is not to be believed: answer with 400, and do nothing else. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError';
}

export interface VerifyOptions {
  /** How far its time may be from ours; 5 minutes when absent. A recorded message cannot be sent again later. */
  readonly toleranceSeconds?: number;
  /** Instead of the clock, for tests. */
  readonly now?: Date;
}

/** As a Headers object, or as Node's http has them: names in lower case. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

const TOLERANCE_S = 300;

function header(headers: WebhookHeaders, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  if (typeof value !== 'string' || value === '') throw new WebhookVerificationError(`there is no header ${name}`);
  return value;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

function keyOf(secret: string): Promise<webcrypto.CryptoKey> {
  const bytes = bytesOf(secret.startsWith('whsec_') ? secret.slice(6) : secret);
  if (bytes === null || bytes.length === 0)
    throw new WebhookVerificationError('the secret is not one: it is written whsec_ and base64');
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

/**
 * @param secrets one, or several while you change over
 * @param body as it came, byte for byte: parsed and written again it has another signature
 * @returns the id (the same when it comes again: keep it, and do nothing the second time) and the message
 * @throws WebhookVerificationError
 */
export async function verifyWebhook(
  secrets: string | readonly string[],
  headers: WebhookHeaders,
  body: string | Uint8Array,
  options: VerifyOptions = {},
): Promise<{ readonly id: string; readonly message: AnyWebhookMessage }> {
  const id = header(headers, 'webhook-id');
  const timestamp = header(headers, 'webhook-timestamp');
  const given = header(headers, 'webhook-signature');
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookVerificationError('webhook-timestamp is not a number of seconds');
  const apart = (options.now ?? new Date()).getTime() / 1000 - Number(timestamp);
  if (Math.abs(apart) > (options.toleranceSeconds ?? TOLERANCE_S))
    throw new WebhookVerificationError(
      apart > 0 ? 'the message is too old' : 'the message comes from the future: is the clock right?',
    );
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  const content = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const head = new TextEncoder().encode(`${id}.${timestamp}.`);
  const signed = new Uint8Array(head.length + content.length);
  signed.set(head);
  signed.set(content, head.length);
  const signatures = given.split(' ').flatMap((signature) => {
    const [version, base64] = signature.split(',', 2);
    return version === 'v1' && base64 !== undefined ? [bytesOf(base64)] : [];
  });
  for (const secret of typeof secrets === 'string' ? [secrets] : secrets) {
    const key = await keyOf(secret);
    // Compares in constant time.
    for (const signature of signatures)
      if (signature !== null && (await crypto.subtle.verify('HMAC', key, signature, signed)))
        return { id, message: JSON.parse(text) as AnyWebhookMessage };
  }
  throw new WebhookVerificationError('no signature is right');
}
