/** A set as it stands in a rule: `@name`, or `{ 80, 8000-9000 }` where it has no name of its own. */
import { type Datatype, numberOf, writeValue } from './datatypes.ts';
import type { Hex, NftVerdict } from './expressions.ts';
import type { NftElement, NftSet } from './ruleset.ts';

export interface KeyField {
  readonly type: Datatype;
  readonly bytes: number;
}

/** nft's numbers of datatypes (its enum datatypes): what the data of a map are. */
const DATATYPES: Readonly<Record<number, Datatype>> = {
  7: 'ipv4',
  8: 'ipv6',
  9: 'ether',
  10: 'ethertype',
  12: 'protocol',
  13: 'decimal',
  19: 'host-hex',
};
const WIDTH: Readonly<Partial<Record<Datatype, number>>> = { ipv4: 4, ipv6: 16, ether: 6, decimal: 2, protocol: 1 };
const TYPE_BITS = 64;

/** The fields of a map's data; null where there is no word for one. */
export function dataFields(set: NftSet): readonly KeyField[] | null {
  const types: Datatype[] = [];
  for (let rest = set.dataType ?? 0; rest > 0; rest = Math.floor(rest / TYPE_BITS)) {
    const type = DATATYPES[rest % TYPE_BITS];
    if (type === undefined) return null;
    types.unshift(type);
  }
  if (types.length === 0) return null;
  if (types.length === 1 && types[0] !== undefined) return [{ type: types[0], bytes: set.dataBytes }];
  return types.map((type) => ({ type, bytes: WIDTH[type] ?? 4 }));
}

export const verdictText = (verdict: NftVerdict): string =>
  'chain' in verdict ? `${verdict.code} ${verdict.chain}` : verdict.code;

export function splitFields(data: Hex, fields: readonly KeyField[]): readonly Hex[] {
  let at = 0;
  return fields.map((field) => {
    const value = data.slice(at * 2, (at + field.bytes) * 2);
    at += Math.ceil(field.bytes / 4) * 4;
    return value;
  });
}

export const joined = (data: Hex, fields: readonly KeyField[], host: 'little' | 'big'): string =>
  splitFields(data, fields)
    .map((value, i) => writeValue(fields[i]?.type ?? 'hex', value, host))
    .join(' . ');

/** `10.0.0.0/8` where a range is a prefix, else `a-b`. */
export function rangeText(from: Hex, to: Hex, type: Datatype, host: 'little' | 'big'): string {
  if (from === to) return writeValue(type, from, host);
  const [low, high] = [numberOf(from), numberOf(to)];
  const size = high - low + 1n;
  const isPrefix = (type === 'ipv4' || type === 'ipv6') && (size & (size - 1n)) === 0n && low % size === 0n;
  if (isPrefix) return `${writeValue(type, from, host)}/${from.length * 4 - size.toString(2).length + 1}`;
  return `${writeValue(type, from, host)}-${writeValue(type, to, host)}`;
}

function keyText(element: NftElement, last: Hex | null, fields: readonly KeyField[], host: 'little' | 'big'): string {
  if (element.key === null) return '*';
  if (last === null) return joined(element.key, fields, host);
  const to = splitFields(last, fields);
  return splitFields(element.key, fields)
    .map((from, i) => rangeText(from, to[i] ?? from, fields[i]?.type ?? 'hex', host))
    .join(' . ');
}

const lower = (end: Hex): Hex => (numberOf(end) - 1n).toString(16).padStart(end.length, '0');
const compare = (a: NftElement, b: NftElement): number =>
  a.key === b.key ? Number(b.intervalEnd) - Number(a.intervalEnd) : (a.key ?? '') < (b.key ?? '') ? -1 : 1;
const MAX_WRITTEN = 64;

export function setText(set: NftSet, fields: readonly KeyField[], host: 'little' | 'big'): string {
  if (!set.anonymous) return `@${set.name}`;
  const sorted = [...set.elements].sort(compare);
  const ofData = set.map === 'data' ? dataFields(set) : null;
  const texts: string[] = [];
  for (const [i, element] of sorted.entries()) {
    if (element.intervalEnd) continue;
    const next = sorted[i + 1];
    const end = set.interval && element.keyEnd === null ? endOf(element, next) : element.keyEnd;
    texts.push(`${keyText(element, end, fields, host)}${dataText(element, ofData, host)}`);
    if (texts.length === MAX_WRITTEN) return `{ ${texts.join(', ')}, … }`;
  }
  return `{ ${texts.join(', ')} }`;
}

/** An interval ends before the next key; one without an end reaches the last value. */
function endOf(element: NftElement, next: NftElement | undefined): Hex | null {
  if (element.key === null) return null;
  if (next?.key === undefined || next.key === null) return 'f'.repeat(element.key.length);
  return lower(next.key);
}

function dataText(element: NftElement, fields: readonly KeyField[] | null, host: 'little' | 'big'): string {
  const { data } = element;
  if (data === null) return '';
  if (data.kind === 'verdict') return ` : ${verdictText(data.verdict)}`;
  if (data.kind === 'object') return ` : "${data.name}"`;
  return ` : ${fields === null ? `0x${data.value}` : joined(data.value, fields, host)}`;
}
