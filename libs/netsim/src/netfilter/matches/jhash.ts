/** Bob Jenkins' hash as include/linux/jhash.h has it, over 32-bit words. */
const GOLDEN = 0xdeadbeef;

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** jhash2(); for one word it is jhash_1word(). */
export function jhash(words: readonly number[], seed: number): number {
  const start = (GOLDEN + (words.length << 2) + seed) | 0;
  let a = start;
  let b = start;
  let c = start;
  let i = 0;
  while (words.length - i > 3) {
    a = (a + (words[i] ?? 0)) | 0;
    b = (b + (words[i + 1] ?? 0)) | 0;
    c = (c + (words[i + 2] ?? 0)) | 0;
    a = ((a - c) | 0) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 4);
    b = (b + a) | 0;
    i += 3;
  }
  a = (a + (words[i] ?? 0)) | 0;
  b = (b + (words[i + 1] ?? 0)) | 0;
  c = (c + (words[i + 2] ?? 0)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}

/** reciprocal_scale(): a hash spread over [0, size). */
export const scaleHash = (hash: number, size: number): number => Math.floor((hash * size) / 2 ** 32);
