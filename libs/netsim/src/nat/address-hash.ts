/**
 * Which address of a range a connection gets (nf_nat_core.c: find_best_ips_proto): a hash of its addresses without a secret, so
 * that it can be told. The words are those of a little-endian machine, as all that Kubernetes runs on but s390x are.
 */
import type { IpAddress, Ipv4, Ipv6 } from '@netverdict/linux-net';
import { jhash, reciprocalScale } from '../hash/jhash.ts';

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
  let hash = jhash(source, persistent ? 0 : ((destination[last] ?? 0) ^ zone) >>> 0);
  let whole = false;
  const chosen = least.map((from, i) => {
    const to = most[i] ?? 0;
    const [start, count] = whole ? [0, 0xffffffff] : [from, (to - from + 1) >>> 0];
    const word = (start + reciprocalScale(hash, count)) >>> 0;
    if (word !== to) whole = true;
    if (!persistent) hash = (hash ^ (destination[i] ?? 0)) >>> 0;
    return word;
  });
  if (typeof range.from === 'number') return chosen[0] as Ipv4;
  return chosen.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n) as Ipv6;
}

function words(address: IpAddress): number[] {
  if (typeof address === 'number') return [address >>> 0];
  return [96n, 64n, 32n, 0n].map((shift) => Number((address >> shift) & 0xffffffffn));
}

const swap = (word: number): number =>
  (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
/** The four words of a union nf_inet_addr. */
const memoryWords = (address: IpAddress): number[] => [0, 1, 2, 3].map((i) => swap(words(address)[i] ?? 0));
