/** Bob Jenkins' lookup3 as the kernel has it (include/linux/jhash.h): what `jhash` of known bytes and seed gives. */
import type { Hex } from '@netverdict/linux-net';
import type { HostOrder } from '../bytes.ts';

const INITIAL = 0xdeadbeef;
const rotate = (value: number, bits: number): number => ((value << bits) | (value >>> (32 - bits))) >>> 0;

export function jhash(data: Hex, seed: number, host: HostOrder): number {
  let length = data.length / 2;
  let a = (INITIAL + length + seed) >>> 0;
  let b = a;
  let c = a;
  let at = 0;
  const word = (): number => {
    const value = host.number(data.slice(at, at + 8));
    at += 8;
    return value;
  };
  while (length > 12) {
    a = (a + word()) >>> 0;
    b = (b + word()) >>> 0;
    c = (c + word()) >>> 0;
    a = ((a - c) ^ rotate(c, 4)) >>> 0;
    c = (c + b) >>> 0;
    b = ((b - a) ^ rotate(a, 6)) >>> 0;
    a = (a + c) >>> 0;
    c = ((c - b) ^ rotate(b, 8)) >>> 0;
    b = (b + a) >>> 0;
    a = ((a - c) ^ rotate(c, 16)) >>> 0;
    c = (c + b) >>> 0;
    b = ((b - a) ^ rotate(a, 19)) >>> 0;
    a = (a + c) >>> 0;
    c = ((c - b) ^ rotate(b, 4)) >>> 0;
    b = (b + a) >>> 0;
    length -= 12;
  }
  if (length === 0) return c;
  // The rest, byte by byte, the first the lowest.
  const rest = (from: number): number => {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const byte =
        from + i < length ? Number.parseInt(data.slice(at + (from + i) * 2, at + (from + i) * 2 + 2), 16) : 0;
      value = (value | (byte << (8 * i))) >>> 0;
    }
    return value;
  };
  a = (a + rest(0)) >>> 0;
  b = (b + rest(4)) >>> 0;
  c = (c + rest(8)) >>> 0;
  c = ((c ^ b) - rotate(b, 14)) >>> 0;
  a = ((a ^ c) - rotate(c, 11)) >>> 0;
  b = ((b ^ a) - rotate(a, 25)) >>> 0;
  c = ((c ^ b) - rotate(b, 16)) >>> 0;
  a = ((a ^ c) - rotate(c, 4)) >>> 0;
  b = ((b ^ a) - rotate(a, 14)) >>> 0;
  return ((c ^ b) - rotate(b, 24)) >>> 0;
}

/** reciprocal_scale: a hash to a number below `modulus`. */
export const scale = (hash: number, modulus: number): number => Number((BigInt(hash) * BigInt(modulus)) >> 32n);
