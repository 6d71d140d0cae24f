/** The largest packet that gets through, to the byte: what `ping -M do -s` would find by trying. */
import type { Flow } from '@netverdict/linux-net';
import { type Evaluation, evaluateWithin } from './evaluate.ts';
import { Budget, DEFAULT_MAX_WORK } from './walk/budget.ts';
import type { World } from './world/world.ts';

/** Headers alone, and the most that an IP packet's length can say. */
const SMALLEST = { ipv4: 28, ipv6: 48 } as const;
const LARGEST = 65_535;

export interface SizeLimit {
  /** Of the whole IP packet, with "don't fragment". */
  readonly bytes: number;
  /** What becomes of the packet that is a byte bigger; null: there is none. */
  readonly beyond: Evaluation | null;
}

/** null: not even the smallest packet gets through, or that cannot be told. */
export const largestSize = (world: World, flow: Flow): number | null =>
  sizeLimit(new Budget(DEFAULT_MAX_WORK), world, flow)?.bytes ?? null;

/** The flow with packets of that size: its answers stay as they are. */
export const sized = (flow: Flow, sizeBytes: number): Flow => ({
  ...flow,
  sizeBytes,
  answerBytes: flow.answerBytes ?? flow.sizeBytes,
  dontFragment: true,
});

/**
 * As `largestSize`, out of a budget that is shared. The biggest packet is sent, then as much less as the limit that it meets tells,
 * and so on; where something else than a limit stands in its way, halves are tried, since all that passes is up to some size.
 */
export function sizeLimit(budget: Budget, world: World, flow: Flow): SizeLimit | null {
  const tried = new Map<number, Evaluation>();
  const send = (sizeBytes: number): Evaluation => {
    const known = tried.get(sizeBytes);
    if (known) return known;
    const evaluation = evaluateWithin(budget, world, sized(flow, sizeBytes), {});
    tried.set(sizeBytes, evaluation);
    return evaluation;
  };
  const passes = (sizeBytes: number): boolean => send(sizeBytes).shares.reachable > 1 - 1e-9;

  const smallest = SMALLEST[flow.family];
  let bytes: number | null = LARGEST;
  while (bytes !== null && !passes(bytes)) {
    const over = excess(send(bytes));
    bytes = over === null || bytes - over < smallest ? null : bytes - over;
  }
  if (bytes === null || (bytes < LARGEST && passes(bytes + 1))) {
    if (!passes(smallest)) return null;
    bytes = bisect(passes, smallest);
  }
  if (budget.exhausted) return null;
  return { bytes, beyond: bytes === LARGEST ? null : send(bytes + 1) };
}

/** By how much the packet is too big for what it met; null: something else is in its way. */
function excess({ branches, unexamined }: Evaluation): number | null {
  let over = 0;
  for (const { stop } of branches) {
    if (stop === null) continue;
    if (stop.cause.kind !== 'too-big' || stop.direction !== 'forward') return null;
    over = Math.max(over, stop.packet.sizeBytes - stop.cause.limitBytes);
  }
  return unexamined > 0 || over <= 0 ? null : over;
}

function bisect(passes: (sizeBytes: number) => boolean, smallest: number): number {
  let low = smallest;
  let high = LARGEST;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (passes(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
