/**
 * Standard Webhooks signatures (github.com/standard-webhooks/standard-webhooks, spec 1.0): HMAC-SHA256 over
 * `<id>.<timestamp>.<body>`, base64, with the prefix `v1,`, one after the other for each secret. A secret is written `whsec_<base64>`.
 */
import { createHmac } from 'node:crypto';

export interface SignedHeaders {
  readonly 'webhook-id': string;
  /** Seconds since the epoch. */
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

/** The spec wants 24 to 64 bytes. @throws Error in the operator's words */
export function parseSecret(text: string): Buffer {
  const trimmed = text.trim();
  const key = Buffer.from(trimmed.startsWith('whsec_') ? trimmed.slice(6) : trimmed, 'base64');
  if (key.length < 24 || key.length > 64)
    throw new Error(`a webhook secret is whsec_ and 24 to 64 bytes in base64; this one has ${key.length} bytes`);
  return key;
}

/** @param keys the newest first; while a secret is rotated the former one signs too */
export function sign(keys: readonly Buffer[], id: string, at: Date, body: string): SignedHeaders {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signed = `${id}.${timestamp}.${body}`;
  const signatures = keys.map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
