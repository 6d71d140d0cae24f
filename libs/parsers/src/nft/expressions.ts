/**
 * One expression of a rule, from the kernel's attributes (net/netfilter/nft_*.c, their `dump` functions). What this does not
 * know, a name, an attribute or a value of one, becomes `unsupported` with its text; what cannot be is malformed.
 */
import type { NftExpr, NftPayloadBase } from '@netverdict/linux-net';
import { type Fields, isFields } from '../json/fields.ts';
import { Malformed } from '../problem.ts';
import { ACTIONS } from './actions.ts';
import {
  bytes,
  count,
  flagWords,
  isVerdictRegister,
  nameOf,
  optionalBytes,
  optionalCount,
  optionalRegister,
  register,
  verdict,
} from './attributes.ts';
import { CT_KEYS, META_KEYS } from './keys.ts';
import type { ExpressionReader } from './reader.ts';

const PAYLOAD_BASES: readonly NftPayloadBase[] = ['link', 'network', 'transport', 'inner', 'tunnel'];
const CHECKSUMS = [null, 'inet', 'sctp'] as const;
const COMPARISONS = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte'] as const;
const BITWISE = ['mask-xor', 'lshift', 'rshift', 'and', 'or', 'xor'] as const;
const DYNSET = ['add', 'update', 'delete'] as const;
const DIRECTIONS = ['original', 'reply'] as const;
const FIB_RESULTS = [null, 'oif', 'oifname', 'addrtype'] as const;
const FIB_FLAGS = ['saddr', 'daddr', 'mark', 'iif', 'oif', 'present'];
const RT_KEYS = ['classid', 'nexthop4', 'nexthop6', 'tcpmss', 'xfrm'];
const SOCKET_KEYS = ['transparent', 'mark', 'wildcard', 'cgroupv2'];
const EXTHDR_OPS = ['ipv6', 'tcpopt', 'ipv4', 'sctp', 'dccp'];
const INVERTED = 1;

/** `attributes`: all that the reader looks at. One more makes the expression unsupported. */
const LOADS: Readonly<Record<string, ExpressionReader>> = {
  payload: {
    attributes: ['dreg', 'base', 'offset', 'len', 'sreg', 'csum_type', 'csum_offset', 'csum_flags'],
    read: (a) => {
      const base = PAYLOAD_BASES[count(a, 'base')];
      const checksum = CHECKSUMS[count(a, 'csum_type', 0)];
      const flags = count(a, 'csum_flags', 0);
      if (base === undefined || checksum === undefined || flags > 1) return null;
      const place = { base, offset: count(a, 'offset'), length: count(a, 'len') };
      if (!('sreg' in a)) return { kind: 'payload', ...place, dreg: register(a, 'dreg') };
      return {
        kind: 'payload-set',
        ...place,
        sreg: register(a, 'sreg'),
        checksum: checksum === null ? null : { type: checksum, offset: count(a, 'csum_offset', 0) },
        pseudoHeader: flags === 1,
      };
    },
  },
  meta: {
    attributes: ['dreg', 'key', 'sreg'],
    read: (a) => {
      const key = META_KEYS[count(a, 'key')];
      if (key === undefined) return null;
      if ('sreg' in a) return { kind: 'meta-set', key, sreg: register(a, 'sreg') };
      return { kind: 'meta', key, dreg: register(a, 'dreg') };
    },
  },
  ct: {
    attributes: ['dreg', 'key', 'direction', 'sreg'],
    read: (a) => {
      const key = CT_KEYS[count(a, 'key')];
      const way = optionalCount(a, 'direction');
      const direction = way === null ? null : DIRECTIONS[way];
      if (key === undefined || direction === undefined) return null;
      if ('sreg' in a) return { kind: 'ct-set', key, direction, sreg: register(a, 'sreg') };
      return { kind: 'ct', key, direction, dreg: register(a, 'dreg') };
    },
  },
  fib: {
    attributes: ['dreg', 'result', 'flags'],
    read: (a) => {
      const result = FIB_RESULTS[count(a, 'result')];
      const flags = flagWords(count(a, 'flags', 0), FIB_FLAGS);
      return result && flags ? { kind: 'fib', result, flags, dreg: register(a, 'dreg') } : null;
    },
  },
  rt: {
    attributes: ['dreg', 'key'],
    read: (a) => {
      const key = RT_KEYS[count(a, 'key')];
      return key === undefined ? null : { kind: 'rt', key, dreg: register(a, 'dreg') };
    },
  },
  socket: {
    attributes: ['key', 'dreg', 'level'],
    read: (a) => {
      const key = SOCKET_KEYS[count(a, 'key')];
      if (key === undefined) return null;
      return { kind: 'socket', key, level: optionalCount(a, 'level'), dreg: register(a, 'dreg') };
    },
  },
  numgen: {
    attributes: ['dreg', 'modulus', 'type', 'offset'],
    read: (a) => {
      const type = (['incremental', 'random'] as const)[count(a, 'type')];
      if (type === undefined) return null;
      const [modulus, offset] = [count(a, 'modulus'), count(a, 'offset', 0)];
      return { kind: 'numgen', type, modulus, offset, dreg: register(a, 'dreg') };
    },
  },
  hash: {
    attributes: ['sreg', 'dreg', 'len', 'modulus', 'seed', 'offset', 'type'],
    read: (a) => {
      const type = (['jenkins', 'symmetric'] as const)[count(a, 'type', 0)];
      if (type === undefined) return null;
      return {
        kind: 'hash',
        type,
        sreg: optionalRegister(a, 'sreg'),
        length: optionalCount(a, 'len'),
        modulus: count(a, 'modulus'),
        seed: optionalCount(a, 'seed'),
        offset: count(a, 'offset', 0),
        dreg: register(a, 'dreg'),
      };
    },
  },
  exthdr: {
    attributes: ['dreg', 'type', 'offset', 'len', 'flags', 'op', 'sreg'],
    read: (a) => {
      const op = EXTHDR_OPS[count(a, 'op', 0)];
      const flags = count(a, 'flags', 0);
      if (op === undefined || flags > 1) return null;
      const type = count(a, 'type');
      if (!('dreg' in a) && !('sreg' in a)) return { kind: 'exthdr-strip', op, type };
      const place = { op, type, offset: count(a, 'offset'), length: count(a, 'len') };
      if ('sreg' in a) return { kind: 'exthdr-set', ...place, sreg: register(a, 'sreg') };
      return { kind: 'exthdr', ...place, present: flags === 1, dreg: register(a, 'dreg') };
    },
  },
};

const COMPUTATIONS: Readonly<Record<string, ExpressionReader>> = {
  immediate: {
    attributes: ['dreg', 'data'],
    read: (a) =>
      isVerdictRegister(a, 'dreg')
        ? { kind: 'verdict', verdict: verdict(a.data) }
        : { kind: 'immediate', dreg: register(a, 'dreg'), data: bytes(a, 'data') },
  },
  cmp: {
    attributes: ['sreg', 'op', 'data'],
    read: (a) => {
      const op = COMPARISONS[count(a, 'op')];
      return op === undefined ? null : { kind: 'cmp', op, sreg: register(a, 'sreg'), data: bytes(a, 'data') };
    },
  },
  range: {
    attributes: ['sreg', 'op', 'from_data', 'to_data'],
    read: (a) => {
      const op = (['eq', 'neq'] as const)[count(a, 'op')];
      if (op === undefined) return null;
      return { kind: 'range', op, sreg: register(a, 'sreg'), from: bytes(a, 'from_data'), to: bytes(a, 'to_data') };
    },
  },
  bitwise: {
    attributes: ['sreg', 'dreg', 'len', 'mask', 'xor', 'op', 'data', 'sreg2'],
    read: (a) => {
      const op = BITWISE[count(a, 'op', 0)];
      if (op === undefined) return null;
      return {
        kind: 'bitwise',
        op,
        sreg: register(a, 'sreg'),
        dreg: register(a, 'dreg'),
        length: count(a, 'len'),
        mask: optionalBytes(a, 'mask'),
        xor: optionalBytes(a, 'xor'),
        data: optionalBytes(a, 'data'),
        sreg2: optionalRegister(a, 'sreg2'),
      };
    },
  },
  byteorder: {
    attributes: ['sreg', 'dreg', 'op', 'len', 'size'],
    read: (a) => {
      const op = (['ntoh', 'hton'] as const)[count(a, 'op')];
      if (op === undefined) return null;
      const [length, size] = [count(a, 'len'), count(a, 'size')];
      return { kind: 'byteorder', op, sreg: register(a, 'sreg'), dreg: register(a, 'dreg'), length, size };
    },
  },
  lookup: {
    attributes: ['set', 'sreg', 'dreg', 'set_id', 'flags'],
    read: (a) => {
      const flags = count(a, 'flags', 0);
      if (flags > INVERTED) return null;
      const isVerdict = isVerdictRegister(a, 'dreg');
      return {
        kind: 'lookup',
        set: nameOf(a, 'set'),
        sreg: register(a, 'sreg'),
        dreg: isVerdict ? null : optionalRegister(a, 'dreg'),
        verdict: isVerdict,
        invert: flags === INVERTED,
      };
    },
  },
  dynset: {
    attributes: ['set_name', 'set_id', 'op', 'sreg_key', 'sreg_data', 'timeout', 'expr', 'flags', 'expressions'],
    read: (a) => {
      const op = DYNSET[count(a, 'op')];
      const flags = flagWords(count(a, 'flags', 0), ['invert', 'expressions']);
      if (op === undefined || flags === null) return null;
      const timeout = count(a, 'timeout', 0);
      return {
        kind: 'dynset',
        set: nameOf(a, 'set_name'),
        op,
        sregKey: register(a, 'sreg_key'),
        sregData: optionalRegister(a, 'sreg_data'),
        timeoutMs: timeout === 0 ? null : timeout,
        invert: flags.includes('invert'),
        expressions: statefulExpressions(a),
      };
    },
  },
};

const READERS: Readonly<Record<string, ExpressionReader>> = { ...LOADS, ...COMPUTATIONS, ...ACTIONS };

const unsupported = (name: string, attributes: Fields): NftExpr => ({
  kind: 'unsupported',
  name,
  text: JSON.stringify({ [name]: attributes }),
});

/** `{"payload": {"dreg": 1, …}}` */
export function readExpression(value: Fields): NftExpr {
  const [name, ...more] = Object.keys(value);
  const attributes = name === undefined ? undefined : value[name];
  if (name === undefined || more.length > 0 || !isFields(attributes))
    throw new Malformed('expected an expression: its name and its attributes');
  const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
  if (reader === undefined) return unsupported(name, attributes);
  for (const key in attributes) if (!reader.attributes.includes(key)) return unsupported(name, attributes);
  return reader.read(attributes) ?? unsupported(name, attributes);
}

export function readExpressions(list: unknown): readonly NftExpr[] {
  if (list === undefined) return [];
  if (!Array.isArray(list) || !list.every(isFields)) throw new Malformed('"expressions" is not a list of objects');
  return list.map(readExpression);
}

/** Of a set's element, of a rule that adds one: one stands in `expr`, several in `expressions`. */
export function statefulExpressions(a: Fields): readonly NftExpr[] {
  const { expr } = a;
  if (expr === undefined) return readExpressions(a.expressions);
  if (!isFields(expr)) throw new Malformed('"expr" is not an object');
  return [readExpression(expr)];
}
