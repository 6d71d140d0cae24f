/** Bob Jenkins' lookup3 as the kernel has it (include/linux/jhash.h): what NAT, the cluster match and nft's jhash choose by. */
const GOLDEN = 0xdeadbeef;

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/**
 * jhash2() of 32-bit words in the host's order, and jhash() of bytes: the last word then is what is left of them, the first
 * byte lowest, and `bytes` how many there are.
 */
export function jhash(words: readonly number[], seed: number, bytes = words.length * 4): number {
  const start = (GOLDEN + bytes + seed) | 0;
  if (bytes === 0) return start >>> 0;
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
export const reciprocalScale = (hash: number, size: number): number => Number((BigInt(hash) * BigInt(size)) >> 32n);
