/** A bundle from a file that somebody hands in, as it is or gzipped. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type Bundle, parseBundle } from '@netverdict/bundle';
import { UsageError } from '../exit-codes.ts';
import { whyUnreadable } from '../unreadable.ts';
import { alteredSections } from './bundle-digests.ts';

/** Far more than a whole cluster's: what unpacks to more is a mistake or an attack. */
const MOST_BYTES = 2 ** 30;

/** @throws UsageError that says what is wrong with the file */
export function readBundle(path: string): Bundle {
  const bundle = parseBundle(unpacked(path, bytesOf(path)).toString('utf8'));
  if (!bundle.ok) throw new UsageError(`${path}: ${bundle.error}`);
  const altered = alteredSections(bundle.value);
  if (altered.length > 0)
    throw new UsageError(
      `${path} was changed after it was made: the text does not have its digest of ${altered.join(', ')}`,
    );
  return bundle.value;
}

function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new UsageError(`${path} can't be read: ${whyUnreadable(cause)}`);
  }
}

function unpacked(path: string, bytes: Buffer): Buffer {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MOST_BYTES });
  } catch (cause) {
    throw new UsageError(`${path} can't be unpacked: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
