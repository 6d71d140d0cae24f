/**
 * numgen and hash (nft_numgen.c, nft_hash.c). A number that chance or a secret seed decides is drawn with equal shares. Values
 * that the rule's next expressions treat alike are one way: `numgen random mod 100 < 30` parts in two, not in a hundred.
 */
import type { Hex, NftExpr, Register } from '@netverdict/linux-net';
import { passesInPieces } from '../../answer/pieces.ts';
import { jhash, reciprocalScale } from '../../hash/jhash.ts';
import type { Option } from '../../walk/choices.ts';
import type { HostOrder } from '../bytes.ts';
import type { CompiledNftRule } from '../compile.ts';
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
  const what = `numgen ${x.type}`;
  if (x.modulus > 1 && passesInPieces(e.context.ns, e.packet))
    return untold(e, x.dreg, `${what}, which each of the packet's pieces asks`);
  return draw(e, x.dreg, x.modulus, x.offset, what);
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

interface Ways {
  /** Position of the expression that draws. */
  readonly at: number;
  readonly values: readonly number[];
  readonly options: readonly Option[];
}

/** Of rules that look the number up and do nothing else with it, as kube-proxy's do for a Service's endpoints. */
const remembered = new WeakMap<CompiledNftRule, Ways>();

function draw(e: Evaluation, dreg: Register, modulus: number, offset: number, what: string, key?: string): Outcome {
  const { rule } = e;
  const before = rule === null ? undefined : remembered.get(rule);
  const ways = before?.at === e.at ? before : waysOf(e, dreg, modulus, offset, what, key);
  if (ways === null) return untold(e, dreg, what);
  if (rule !== null && ways !== before && key === undefined && onlyLooksUp(e, dreg)) remembered.set(rule, ways);
  const value = ways.values[e.context.walk.choose('rule', ways.options, key)] ?? 0;
  e.registers.store(dreg, e.table.host.bytes(offset + value, 4));
  return 'next';
}

function untold(e: Evaluation, dreg: Register, what: string): Outcome {
  e.unread.add(what);
  e.registers.store(dreg, unknownBytes(4));
  return 'next';
}

/** Its verdict depends on the number and the map alone: no other register has a say. */
function onlyLooksUp(e: Evaluation, dreg: Register): boolean {
  const next = e.rule?.expressions[e.at + 1];
  if (next?.kind !== 'lookup' || !next.verdict || next.invert || next.sreg !== dreg) return false;
  const set = e.table.sets.get(next.set);
  return set !== undefined && set.set.keyBytes <= 4 && set.set.elements.every(({ data }) => data?.kind === 'verdict');
}

/** null: too many to look at. */
function waysOf(
  e: Evaluation,
  dreg: Register,
  modulus: number,
  offset: number,
  what: string,
  key: string | undefined,
): Ways | null {
  const ways = new Map<string, { value: number; count: number }>();
  for (let value = 0; value < modulus && value < MOST_VALUES; value++) {
    const registers = e.registers.copy();
    registers.store(dreg, e.table.host.bytes(offset + value, 4));
    const way = signature(e, registers, key === undefined);
    const known = ways.get(way);
    if (known) known.count++;
    else ways.set(way, { value, count: 1 });
    if (ways.size > MOST_WAYS) break;
  }
  if (modulus > MOST_VALUES || ways.size > MOST_WAYS) return null;
  const list = [...ways.values()];
  const options = list.map(({ value, count }) => ({
    label: `${e.place()}: ${what} gives ${count === 1 ? value : `one of ${count} values`}`,
    share: count / modulus,
  }));
  return { at: e.at, values: list.map(({ value }) => value), options };
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
