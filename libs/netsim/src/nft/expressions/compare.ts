/** cmp, range, bitwise, byteorder, immediate: what works on registers alone (nft_cmp.c, nft_range.c, nft_bitwise.c, nft_byteorder.c). */
import { assertNever, type Hex, type NftExpr } from '@netverdict/linux-net';
import { be, type HostOrder } from '../bytes.ts';
import type { Evaluation } from '../evaluation.ts';
import type { Outcome } from '../outcome.ts';
import { compatible, isKnown, type Registers } from '../registers.ts';

type Of<K extends NftExpr['kind']> = Extract<NftExpr, { kind: K }>;

/** null: unknown bytes decide. */
export function cmpHolds(x: Of<'cmp'>, registers: Registers): boolean | null {
  const value = registers.load(x.sreg, x.data.length / 2);
  if (isKnown(value)) return compare(x.op, value, x.data);
  if (x.op === 'eq' || x.op === 'neq') return compatible(value, x.data) ? null : x.op === 'neq';
  const low = compare(x.op, value.replaceAll('?', '0'), x.data);
  return low === compare(x.op, value.replaceAll('?', 'f'), x.data) ? low : null;
}

function compare(op: Of<'cmp'>['op'], value: Hex, data: Hex): boolean {
  switch (op) {
    case 'eq':
      return value === data;
    case 'neq':
      return value !== data;
    case 'lt':
      return value < data;
    case 'lte':
      return value <= data;
    case 'gt':
      return value > data;
    case 'gte':
      return value >= data;
    default:
      return assertNever(op);
  }
}

export function rangeHolds(x: Of<'range'>, registers: Registers): boolean | null {
  const value = registers.load(x.sreg, x.from.length / 2);
  const low = value.replaceAll('?', '0');
  const high = value.replaceAll('?', 'f');
  const inside = low >= x.from && high <= x.to;
  const outside = high < x.from || low > x.to;
  if (!inside && !outside) return null;
  return inside === (x.op === 'eq');
}

export function cmp(x: Of<'cmp'>, e: Evaluation): Outcome {
  const holds = cmpHolds(x, e.registers);
  return holds === null ? e.uncertain(e.unreadText()) : holds ? 'next' : 'break';
}

export function range(x: Of<'range'>, e: Evaluation): Outcome {
  const holds = rangeHolds(x, e.registers);
  return holds === null ? e.uncertain(e.unreadText()) : holds ? 'next' : 'break';
}

/** Half a byte at a time: a half that is masked out is known whatever it was. */
function nibbles(a: Hex, b: Hex, op: (a: number, b: number) => number, decides: number | null): Hex {
  let text = '';
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as string;
    const y = b[i] ?? '0';
    if (x === '?' || y === '?') {
      const known = x === '?' ? y : x;
      text += decides !== null && known !== '?' && Number.parseInt(known, 16) === decides ? known : '?';
    } else text += op(Number.parseInt(x, 16), Number.parseInt(y, 16)).toString(16);
  }
  return text;
}

/** Nearly all are one word that is known. */
const isWord = (a: Hex, b: Hex): boolean => a.length <= 8 && a.length === b.length && isKnown(a) && isKnown(b);
const word = (a: Hex): number => Number.parseInt(a, 16);

export const and = (a: Hex, b: Hex): Hex =>
  isWord(a, b) ? be(word(a) & word(b), a.length / 2) : nibbles(a, b, (x, y) => x & y, 0);
export const or = (a: Hex, b: Hex): Hex =>
  isWord(a, b) ? be(word(a) | word(b), a.length / 2) : nibbles(a, b, (x, y) => x | y, 15);
export const xor = (a: Hex, b: Hex): Hex =>
  isWord(a, b) ? be(word(a) ^ word(b), a.length / 2) : nibbles(a, b, (x, y) => x ^ y, null);

/** Words of 32 bits in the host's order; what leaves one enters its neighbour (nft_bitwise_eval_lshift). */
function shift(value: Hex, bits: number, left: boolean, host: HostOrder): Hex {
  if (!isKnown(value)) return '?'.repeat(value.length);
  const words: number[] = [];
  for (let at = 0; at < value.length; at += 8) words.push(host.number(value.slice(at, at + 8).padEnd(8, '0')));
  let carry = 0;
  const shifted = [...words];
  const order = left ? [...words.keys()].reverse() : [...words.keys()];
  for (const i of order) {
    const word = words[i] as number;
    shifted[i] = (left ? (word << bits) | carry : (word >>> bits) | carry) >>> 0;
    carry = bits === 0 ? 0 : left ? word >>> (32 - bits) : (word << (32 - bits)) >>> 0;
  }
  return shifted
    .map((word) => host.bytes(word, 4))
    .join('')
    .slice(0, value.length);
}

export function applyBitwise(x: Of<'bitwise'>, registers: Registers, host: HostOrder): void {
  const value = registers.load(x.sreg, x.length);
  const other = x.sreg2 === null ? (x.data ?? '') : registers.load(x.sreg2, x.length);
  const result = (): Hex => {
    switch (x.op) {
      case 'mask-xor':
        return xor(and(value, x.mask ?? ''), x.xor ?? '');
      case 'and':
        return and(value, other);
      case 'or':
        return or(value, other);
      case 'xor':
        return xor(value, other);
      case 'lshift':
        return shift(value, host.number(other.slice(0, 8)), true, host);
      case 'rshift':
        return shift(value, host.number(other.slice(0, 8)), false, host);
      default:
        return assertNever(x.op);
    }
  };
  registers.store(x.dreg, result());
}

export function applyByteorder(x: Of<'byteorder'>, registers: Registers, host: HostOrder): void {
  const value = registers.load(x.sreg, x.length);
  let text = '';
  for (let at = 0; at < value.length; at += x.size * 2) text += host.swap(value.slice(at, at + x.size * 2));
  registers.store(x.dreg, text);
}

export function bitwise(x: Of<'bitwise'>, e: Evaluation): Outcome {
  applyBitwise(x, e.registers, e.table.host);
  return 'next';
}

export function byteorder(x: Of<'byteorder'>, e: Evaluation): Outcome {
  applyByteorder(x, e.registers, e.table.host);
  return 'next';
}

export function immediate(x: Of<'immediate'>, e: Evaluation): Outcome {
  e.registers.store(x.dreg, x.data);
  return 'next';
}
