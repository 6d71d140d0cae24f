/**
 * numgen and hash (nft_numgen.c, nft_hash.c). A number that chance or a secret seed decides is drawn with equal shares. Values
 * that the rule's next expressions treat alike are one way: `numgen random mod 100 < 30` parts in two, not in a hundred.
 */
import type { Hex, NftExpr, Register } from '@netverdict/linux-net';
import { jhash, reciprocalScale } from '../../hash/jhash.ts';
import type { HostOrder } from '../bytes.ts';
import type { Evaluation } from '../evaluation.ts';
import type { Outcome } from '../outcome.ts';
import { isKnown, type Registers, unknownBytes } from '../registers.ts';
import { find } from '../set.ts';
import { applyBitwise, applyByteorder, cmpHolds, rangeHolds } from './compare.ts';

type Of<K extends NftExpr['kind']> = Extract<NftExpr, { kind: K }>;

/** More values than this are not looked at one by one. */
const MOST_VALUES = 65536;
/** More ways than this are an unknown. */
const MOST_WAYS = 4096;

export function numgen(x: Of<'numgen'>, e: Evaluation): Outcome {
  return draw(e, x.dreg, x.modulus, x.offset, `numgen ${x.type}`);
}

export function hash(x: Of<'hash'>, e: Evaluation): Outcome {
  if (x.type === 'jenkins' && x.sreg !== null && x.length !== null && x.seed !== null) {
    const data = e.registers.load(x.sreg, x.length);
    if (isKnown(data)) {
      const value = reciprocalScale(jhash(wordsOf(data, e.table.host), x.seed, data.length / 2), x.modulus) + x.offset;
      e.registers.store(x.dreg, e.table.host.bytes(value, 4));
      return 'next';
    }
  }
  // A flow's hash is one draw, however often it is asked for.
  const { walk, ns } = e.context;
  const bytes = x.sreg !== null && x.length !== null ? e.registers.load(x.sreg, x.length) : walk.direction;
  const key = `${ns.key} hash ${x.type} ${x.seed} ${x.modulus} ${bytes}`;
  return draw(e, x.dreg, x.modulus, x.offset, `a hash with a secret seed`, key);
}

/** The last word, where bytes are left of it, has the first byte lowest on any machine. */
function wordsOf(data: Hex, host: HostOrder): number[] {
  const words: number[] = [];
  for (let at = 0; at < data.length; at += 8) {
    const part = data.slice(at, at + 8);
    if (part.length === 8) words.push(host.number(part));
    else
      words.push((part.match(/../g) ?? []).reduce((sum, byte, i) => sum + Number.parseInt(byte, 16) * 2 ** (8 * i), 0));
  }
  return words;
}

function draw(e: Evaluation, dreg: Register, modulus: number, offset: number, what: string, key?: string): Outcome {
  const bytes = (value: number): string => e.table.host.bytes(offset + value, 4);
  const ways = new Map<string, { value: number; count: number }>();
  for (let value = 0; value < modulus && value < MOST_VALUES; value++) {
    const registers = e.registers.copy();
    registers.store(dreg, bytes(value));
    const way = signature(e, registers, key === undefined);
    const known = ways.get(way);
    if (known) known.count++;
    else ways.set(way, { value, count: 1 });
    if (ways.size > MOST_WAYS) break;
  }
  if (modulus > MOST_VALUES || ways.size > MOST_WAYS) {
    e.unread.add(what);
    e.registers.store(dreg, unknownBytes(4));
    return 'next';
  }
  const list = [...ways.values()];
  const options = list.map(({ value, count }) => ({
    label: `${e.place()}: ${what} gives ${count === 1 ? value : `one of ${count} values`}`,
    share: count / modulus,
  }));
  const taken = list[e.context.walk.choose('rule', options, key)];
  e.registers.store(dreg, bytes(taken?.value ?? 0));
  return 'next';
}

/** What the rule's next expressions make of the registers, as far as they do nothing but compare. */
function signature(e: Evaluation, registers: Registers, lump: boolean): string {
  const expressions = e.rule?.expressions ?? [];
  let text = '';
  if (!lump) return registers.text();
  for (let at = e.at + 1; at < expressions.length; at++) {
    const x = expressions[at] as NftExpr;
    switch (x.kind) {
      case 'cmp':
        if (cmpHolds(x, registers) === false) return `${text} ${at} no`;
        continue;
      case 'range':
        if (rangeHolds(x, registers) === false) return `${text} ${at} no`;
        continue;
      case 'bitwise':
        applyBitwise(x, registers, e.table.host);
        continue;
      case 'byteorder':
        applyByteorder(x, registers, e.table.host);
        continue;
      case 'lookup': {
        const set = e.table.sets.get(x.set);
        const sought = set && registers.load(x.sreg, set.set.keyBytes);
        if (!set || sought === undefined || !isKnown(sought)) return `${text} ${registers.text()}`;
        const element = find(set, sought);
        if ((element !== null) === x.invert) return `${text} ${at} no`;
        if (element && x.verdict) return `${text} ${at} ${JSON.stringify(element.data)}`;
        if (element?.data?.kind === 'value' && x.dreg !== null) {
          registers.store(x.dreg, element.data.value);
          text += ` ${element.data.value}`;
        }
        continue;
      }
      case 'counter':
      case 'log':
      case 'verdict':
      case 'reject':
        continue;
      case 'nat':
        text += ` ${[x.addressMin, x.addressMax, x.portMin, x.portMax].map((r) => (r === null ? '' : registers.load(r, 16)))}`;
        continue;
      default:
        // It may use the number itself.
        return `${text} ${registers.text()}`;
    }
  }
  return text;
}
