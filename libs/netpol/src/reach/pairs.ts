/**
 * How many pairs of pods reach each other, without looking at each. Over all rows of senders: what they send by their shared part, to
 * everybody, counted once for all that share it; less that within their own namespaces; plus what they send by their own part there.
 */
import type { Classes } from './classes.ts';
import type { InternedPorts } from './interned-ports.ts';
import { type Pieces, within } from './pieces.ts';
import { portsAt, type Row, type Rows } from './rows.ts';

export interface PairCounts {
  /** Ordered pairs of different pods. */
  readonly pairs: number;
  /** Of them, those that reach each other on every port, and on some. */
  readonly open: number;
  readonly partly: number;
}

interface Sum {
  open: number;
  partly: number;
}

/** Classes in ascending order, and the pods up to each: how many are in a range is a difference. */
interface Senders {
  readonly classes: readonly number[];
  readonly sums: readonly number[];
}

export function countPairs({ classes }: Classes, rows: Rows, ports: InternedPorts): PairCounts {
  const { egress, ingress } = rows;
  const weight = (c: number): number => classes[c]?.pods ?? 0;
  const total: Sum = { open: 0, partly: 0 };
  const add = (to: Sum, common: 0 | 1 | 2, pods: number): void => {
    if (common === 2) to.open += pods;
    else if (common === 1) to.partly += pods;
  };

  const byRow: number[][] = egress.rows.map(() => []);
  const byShared: number[][] = egress.shared.map(() => []);
  egress.of.forEach((row, c) => {
    byRow[row]?.push(c);
    byShared[(egress.rows[row] as Row).shared]?.push(c);
  });

  byShared.forEach((members, x) => {
    if (members.length === 0) return;
    const senders = sendersOf(members, weight);
    const shared = sharedCounts(senders);
    const taken = new Map<number, Sum>();
    for (const sent of egress.shared[x] as Pieces)
      for (let d = sent.from; d < sent.to; d++) {
        const i = ingress.of[d] as number;
        const key = i * 0x100000 + sent.ports;
        let sum = taken.get(key);
        if (!sum) {
          sum = shared(i, sent.ports);
          taken.set(key, sum);
        }
        total.open += sum.open * weight(d);
        total.partly += sum.partly * weight(d);
      }
  });

  /** How many of the senders a row of receivers takes in, given what they may send. The shared part is counted once for each. */
  function sharedCounts(senders: Senders): (row: number, sent: number) => Sum {
    const known = new Map<number, Sum>();
    const over = (pieces: Pieces, sent: number): Sum => {
      const sum: Sum = { open: 0, partly: 0 };
      for (const piece of pieces) {
        const common = ports.common(sent, piece.ports);
        if (common !== 0) add(sum, common, podsBetween(senders, piece.from, piece.to));
      }
      return sum;
    };
    return (row, sent) => {
      const { from, to, own, shared } = ingress.rows[row] as Row;
      const key = shared * 0x100000 + sent;
      const whole = known.get(key) ?? over(ingress.shared[shared] as Pieces, sent);
      known.set(key, whole);
      const hidden = over(within(ingress.shared[shared] as Pieces, from, to), sent);
      const instead = over(own, sent);
      return {
        open: whole.open - hidden.open + instead.open,
        partly: whole.partly - hidden.partly + instead.partly,
      };
    };
  }

  byRow.forEach((members, e) => {
    const { from, to, own, shared } = egress.rows[e] as Row;
    if (members.length === 0 || from === to) return;
    const taken = new Map<number, Sum>();
    const takenBy = (d: number, sent: number): Sum => {
      const i = ingress.of[d] as number;
      const key = i * 0x100000 + sent;
      let sum = taken.get(key);
      if (!sum) {
        sum = { open: 0, partly: 0 };
        for (const s of members) add(sum, ports.common(sent, portsAt(ingress, i, s)), weight(s));
        taken.set(key, sum);
      }
      return sum;
    };
    const each = (pieces: Pieces, sign: 1 | -1): void => {
      for (const piece of pieces)
        for (let d = piece.from; d < piece.to; d++) {
          const sum = takenBy(d, piece.ports);
          total.open += sign * sum.open * weight(d);
          total.partly += sign * sum.partly * weight(d);
        }
    };
    each(own, 1);
    each(within(egress.shared[shared] as Pieces, from, to), -1);
  });

  let pods = 0;
  // A pod and itself are no pair.
  classes.forEach((one, c) => {
    pods += one.pods;
    const sent = portsAt(egress, egress.of[c] as number, c);
    add(total, ports.common(sent, portsAt(ingress, ingress.of[c] as number, c)), -one.pods);
  });
  return { pairs: pods * pods - pods, open: total.open, partly: total.partly };
}

function sendersOf(classes: readonly number[], weight: (c: number) => number): Senders {
  const sums = [0];
  for (const c of classes) sums.push((sums.at(-1) as number) + weight(c));
  return { classes, sums };
}

const podsBetween = ({ classes, sums }: Senders, from: number, to: number): number =>
  (sums[lowerBound(classes, to)] as number) - (sums[lowerBound(classes, from)] as number);

function lowerBound(sorted: readonly number[], at: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
