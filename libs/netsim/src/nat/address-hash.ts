/**
 * Which address of a range a connection gets (nf_nat_core.c: find_best_ips_proto): a hash of its addresses without a secret, so
 * that it can be told. The words are those of a little-endian machine, as all that Kubernetes runs on but s390x are.
 */
import type { IpAddress, Ipv4, Ipv6 } from '@netverdict/linux-net';

export function addressOfRange(
  range: { readonly from: IpAddress; readonly to: IpAddress },
  tuple: { readonly source: IpAddress; readonly destination: IpAddress },
  { persistent, zone }: { readonly persistent: boolean; readonly zone: number },
): IpAddress {
  if (range.from === range.to) return range.from;
  const [source, destination] = [memoryWords(tuple.source), memoryWords(tuple.destination)];
  const least = words(range.from);
  const most = words(range.to);
  const last = least.length - 1;
  let hash = jhash4(source, persistent ? 0 : ((destination[last] ?? 0) ^ zone) >>> 0);
  let whole = false;
  const chosen = least.map((from, i) => {
    const to = most[i] ?? 0;
    const [start, count] = whole ? [0, 0xffffffff] : [from, (to - from + 1) >>> 0];
    const word = (start + scale(hash, count)) >>> 0;
    if (word !== to) whole = true;
    if (!persistent) hash = (hash ^ (destination[i] ?? 0)) >>> 0;
    return word;
  });
  if (typeof range.from === 'number') return chosen[0] as Ipv4;
  return chosen.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n) as Ipv6;
}

/** reciprocal_scale. */
const scale = (value: number, count: number): number => Number((BigInt(value) * BigInt(count)) >> 32n);

function words(address: IpAddress): number[] {
  if (typeof address === 'number') return [address >>> 0];
  return [96n, 64n, 32n, 0n].map((shift) => Number((address >> shift) & 0xffffffffn));
}

const swap = (word: number): number =>
  (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
const memoryWords = (address: IpAddress): number[] => words(address).map(swap);

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** include/linux/jhash.h: jhash2 of the four words of a union nf_inet_addr. */
function jhash4(key: readonly number[], initval: number): number {
  let a = (0xdeadbeef + (4 << 2) + initval) | 0;
  let b = a;
  let c = a;
  a = (a + (key[0] ?? 0)) | 0;
  b = (b + (key[1] ?? 0)) | 0;
  c = (c + (key[2] ?? 0)) | 0;
  a = ((a - c) ^ rotate(c, 4)) | 0;
  c = (c + b) | 0;
  b = ((b - a) ^ rotate(a, 6)) | 0;
  a = (a + c) | 0;
  c = ((c - b) ^ rotate(b, 8)) | 0;
  b = (b + a) | 0;
  a = ((a - c) ^ rotate(c, 16)) | 0;
  c = (c + b) | 0;
  b = ((b - a) ^ rotate(a, 19)) | 0;
  a = (a + c) | 0;
  c = ((c - b) ^ rotate(b, 4)) | 0;
  b = (b + a) | 0;
  a = (a + (key[3] ?? 0)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}
