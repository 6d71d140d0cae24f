/** The largest packet that gets through, to the byte: what `ping -M do -s` would find by trying. */
import type { Flow } from '@netverdict/linux-net';
import { evaluate } from './evaluate.ts';
import type { World } from './world/world.ts';

/** Headers alone, and the most that an IP packet's length can say. */
const SMALLEST = { ipv4: 28, ipv6: 48 } as const;
const LARGEST = 65_535;

/**
 * Bytes of the whole IP packet, with "don't fragment"; null: not even the smallest one gets through, or that cannot be told. Every
 * limit on a way is an upper one, so that what passes is all sizes up to some number: a binary search finds it.
 */
export function largestSize(world: World, flow: Flow): number | null {
  const passes = (sizeBytes: number): boolean =>
    evaluate(world, { ...flow, sizeBytes, dontFragment: true }).shares.reachable > 1 - 1e-9;
  let low: number = SMALLEST[flow.family];
  if (!passes(low)) return null;
  let high = LARGEST;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (passes(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
