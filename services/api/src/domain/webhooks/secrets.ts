/**
 * Secrets of registered webhooks. They are kept sealed (AES-256-GCM) under a key that is made of the server's own secret, so that a copy of
 * the database signs nothing. The server's file may hold several lines: the first seals, all of them open.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

export interface Sealing {
  seal(secret: Buffer, id: string): string;
  /** null: none of our keys opens it. */
  open(sealed: string, id: string): Buffer | null;
}

const NONCE = 12;
const TAG = 16;
const SECRET_BYTES = 32;

export const newSecret = (): Buffer => randomBytes(SECRET_BYTES);
export const written = (secret: Buffer): string => `whsec_${secret.toString('base64')}`;

/** @param keys the server's, the newest first; at least one */
export function sealingWith(keys: readonly Buffer[]): Sealing {
  const derived = keys.map((key) => Buffer.from(hkdfSync('sha256', key, '', 'netverdict webhook secrets', 32)));
  const [first] = derived;
  return {
    seal(secret, id) {
      if (first === undefined) throw new Error('without a secret of its own the server can keep none');
      const nonce = randomBytes(NONCE);
      // Bound to its webhook: put into another row it opens no more.
      const cipher = createCipheriv('aes-256-gcm', first, nonce).setAAD(Buffer.from(id));
      const text = Buffer.concat([cipher.update(secret), cipher.final()]);
      return Buffer.concat([nonce, text, cipher.getAuthTag()]).toString('base64');
    },
    open(sealed, id) {
      const bytes = Buffer.from(sealed, 'base64');
      for (const key of derived) {
        try {
          const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE)).setAAD(Buffer.from(id));
          decipher.setAuthTag(bytes.subarray(-TAG));
          return Buffer.concat([decipher.update(bytes.subarray(NONCE, -TAG)), decipher.final()]);
        } catch {
          // Sealed with another of our keys: the next one is tried.
        }
      }
      return null;
    },
  };
}
