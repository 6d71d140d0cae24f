/** Sets, their elements, and named objects. */
import type { NftElement, NftObject, NftSet } from '@netverdict/linux-net';
import { type Fields, isFields } from '../json/fields.ts';
import { Malformed } from '../problem.ts';
import { bytes, count, nameOf, optionalCount, optionalName, verdict } from './attributes.ts';
import { readExpression, statefulExpressions } from './expressions.ts';
import { expectOnly } from './strict.ts';

const FLAG = {
  anonymous: 0x1,
  constant: 0x2,
  interval: 0x4,
  map: 0x8,
  timeout: 0x10,
  dynamic: 0x20,
  object: 0x40,
  concatenation: 0x80,
  expressions: 0x100,
} as const;
const ALL_FLAGS = 0x1ff;
const NFT_DATA_VERDICT = 0xffffff00;

const SET_ATTRIBUTES = new Set(
  'name flags key_type key_len data_type data_len policy desc timeout gc_interval obj_type handle expr expressions'.split(
    ' ',
  ),
);

function fieldBytes(a: Fields, keyBytes: number): readonly number[] {
  const { desc } = a;
  if (desc === undefined) return [keyBytes];
  if (!isFields(desc)) throw new Malformed('"desc" is not an object');
  const { concat } = desc;
  if (concat === undefined) return [keyBytes];
  if (!Array.isArray(concat) || !concat.every(isFields)) throw new Malformed('"concat" is not a list of fields');
  return concat.length === 0 ? [keyBytes] : concat.map((field) => count(field, 'len'));
}

export function readSet(a: Fields): Omit<NftSet, 'elements'> {
  expectOnly(a, SET_ATTRIBUTES, 'set');
  const flags = count(a, 'flags', 0);
  if (flags > ALL_FLAGS) throw new Malformed(`a set has a flag that is not known: ${flags}`);
  const is = (bit: number): boolean => (flags & bit) !== 0;
  const dataType = count(a, 'data_type', 0);
  const keyBytes = count(a, 'key_len');
  return {
    name: nameOf(a, 'name'),
    handle: count(a, 'handle', 0),
    anonymous: is(FLAG.anonymous),
    constant: is(FLAG.constant),
    interval: is(FLAG.interval),
    dynamic: is(FLAG.dynamic),
    map: is(FLAG.object) ? 'object' : !is(FLAG.map) ? 'none' : dataType === NFT_DATA_VERDICT ? 'verdict' : 'data',
    keyBytes,
    fieldBytes: fieldBytes(a, keyBytes),
    dataBytes: count(a, 'data_len', 0),
    keyType: count(a, 'key_type', 0),
    dataType,
    timeoutMs: optionalCount(a, 'timeout'),
  };
}

const ELEMENT_ATTRIBUTES = new Set(
  'key data flags timeout expiration comment expr objref key_end expressions'.split(' '),
);
const INTERVAL_END = 1;
const CATCHALL = 2;

function elementData(a: Fields): NftElement['data'] {
  const object = optionalName(a, 'objref');
  if (object !== null) return { kind: 'object', name: object };
  if (!('data' in a)) return null;
  return typeof a.data === 'string'
    ? { kind: 'value', value: bytes(a, 'data') }
    : { kind: 'verdict', verdict: verdict(a.data) };
}

/** An attribute that is not known stands on the element as an expression that is not. */
export function readElement(a: Fields): NftElement {
  const flags = count(a, 'flags', 0);
  if (flags > (INTERVAL_END | CATCHALL)) throw new Malformed(`an element has a flag that is not known: ${flags}`);
  const more = Object.keys(a).filter((key) => !ELEMENT_ATTRIBUTES.has(key));
  return {
    key: (flags & CATCHALL) === 0 ? bytes(a, 'key') : null,
    keyEnd: 'key_end' in a ? bytes(a, 'key_end') : null,
    intervalEnd: (flags & INTERVAL_END) !== 0,
    data: elementData(a),
    timeoutMs: optionalCount(a, 'timeout'),
    expiresMs: optionalCount(a, 'expiration'),
    expressions: [
      ...statefulExpressions(a),
      ...more.map((name) => ({ kind: 'unsupported' as const, name, text: JSON.stringify({ [name]: a[name] }) })),
    ],
  };
}

/** NFT_OBJECT_* whose data are those of an expression. */
const OBJECT_EXPRESSIONS: Readonly<Record<number, string>> = {
  1: 'counter',
  2: 'quota',
  4: 'limit',
  5: 'connlimit',
  10: 'synproxy',
};
const OBJECT_ATTRIBUTES = new Set('name type handle data'.split(' '));

export function readObject(a: Fields): NftObject {
  expectOnly(a, OBJECT_ATTRIBUTES, 'object');
  const type = count(a, 'type');
  const data = a.data ?? {};
  if (!isFields(data)) throw new Malformed('"data" is not an object');
  const expression = OBJECT_EXPRESSIONS[type];
  return {
    name: nameOf(a, 'name'),
    type,
    does: expression === undefined ? null : readExpression({ [expression]: data }),
  };
}
