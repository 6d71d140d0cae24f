/** What rates, counts and earlier packets decide. */
import type { NftExpr } from '@netverdict/linux-net';
import type { Evaluation } from '../evaluation.ts';
import type { Outcome } from '../outcome.ts';

type Of<K extends NftExpr['kind']> = Extract<NftExpr, { kind: K }>;

export const limit = (x: Of<'limit'>, e: Evaluation): Outcome =>
  e.uncertain(`whether the rate is ${x.invert ? 'over' : 'below'} ${x.rate} ${x.type} in ${x.unitSeconds} s`);

/** nft_quota: over it once consumed, with this packet, reaches the bytes. It never becomes less. */
export function quota(x: Of<'quota'>, e: Evaluation): Outcome {
  const over = x.consumed + e.packet.sizeBytes >= x.bytes;
  return over === x.invert ? 'next' : 'break';
}

export const connlimit = (x: Of<'connlimit'>, e: Evaluation): Outcome =>
  e.uncertain(`whether there are ${x.invert ? 'more than' : 'at most'} ${x.count} connections`);
