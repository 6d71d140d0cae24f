/** Expressions that count, limit, translate, send elsewhere or answer: what a rule does. */
import type { Fields } from '../json/fields.ts';
import { count, flagWords, nameOf, optionalCount, optionalName, optionalRegister, register } from './attributes.ts';
import type { ExpressionReader } from './reader.ts';

const NFPROTO_INET = 1;
const NFPROTO_IPV4 = 2;
const NFPROTO_IPV6 = 10;
const familyOf = (number: number): 'ip' | 'ip6' | null =>
  number === NFPROTO_IPV4 ? 'ip' : number === NFPROTO_IPV6 ? 'ip6' : null;

/** NF_NAT_RANGE_*: the first two say that there are addresses and ports, which the registers say as well. */
const NAT_FLAGS = ['map-ips', 'proto-specified', 'random', 'persistent', 'fully-random', 'offset', 'netmap'];
const natFlags = (a: Fields): readonly string[] | null =>
  flagWords(count(a, 'flags', 0), NAT_FLAGS)?.filter((f) => f !== 'map-ips' && f !== 'proto-specified') ?? null;
const ports = (a: Fields) => ({
  portMin: optionalRegister(a, 'reg_proto_min'),
  portMax: optionalRegister(a, 'reg_proto_max'),
});

const LOG_FLAGS = ['tcpseq', 'tcpopt', 'ipopt', 'uid', 'nflog', 'macdecode'];
const SYNPROXY_FLAGS = ['mss', 'wscale', 'sack-perm', 'timestamp', 'ecn'];
const LOG_LEVELS = 9;

/** NFT_LIMIT_F_INV and its kin; a second bit that does not matter may be `ignored`. */
const inverted = (a: Fields, ignored = 0): boolean | null => {
  const flags = count(a, 'flags', 0);
  return flags - (flags & ignored) > 1 ? null : (flags & 1) === 1;
};

const translation = (kind: 'masq' | 'redir'): ExpressionReader => ({
  attributes: ['flags', 'reg_proto_min', 'reg_proto_max'],
  read: (a) => {
    const flags = natFlags(a);
    return flags && { kind, ...ports(a), flags };
  },
});

const extension = (what: 'match' | 'target'): ExpressionReader => ({
  attributes: ['name', 'rev', 'info'],
  read: (a) => ({ kind: 'xt', what, name: nameOf(a, 'name'), revision: count(a, 'rev', 0) }),
});

export const ACTIONS: Readonly<Record<string, ExpressionReader>> = {
  counter: {
    attributes: ['bytes', 'packets'],
    read: (a) => ({ kind: 'counter', packets: count(a, 'packets', 0), bytes: count(a, 'bytes', 0) }),
  },
  last: {
    attributes: ['set', 'msecs'],
    read: (a) => ({ kind: 'last', millisecondsAgo: count(a, 'set', 0) === 0 ? null : count(a, 'msecs', 0) }),
  },
  log: {
    attributes: ['group', 'prefix', 'snaplen', 'qthreshold', 'level', 'flags'],
    read: (a) => {
      const group = optionalCount(a, 'group');
      const level = optionalCount(a, 'level');
      const flags = flagWords(count(a, 'flags', 0), LOG_FLAGS);
      if (flags === null || (level !== null && level >= LOG_LEVELS)) return null;
      return {
        kind: 'log',
        prefix: optionalName(a, 'prefix'),
        level,
        group,
        snaplen: optionalCount(a, 'snaplen'),
        queueThreshold: optionalCount(a, 'qthreshold'),
        flags,
      };
    },
  },
  limit: {
    attributes: ['rate', 'unit', 'burst', 'type', 'flags'],
    read: (a) => {
      const type = (['packets', 'bytes'] as const)[count(a, 'type', 0)];
      const invert = inverted(a);
      if (type === undefined || invert === null) return null;
      const [rate, unitSeconds, burst] = [count(a, 'rate'), count(a, 'unit'), count(a, 'burst', 0)];
      return { kind: 'limit', type, rate, unitSeconds, burst, invert };
    },
  },
  quota: {
    attributes: ['bytes', 'flags', 'consumed'],
    read: (a) => {
      const NFT_QUOTA_F_DEPLETED = 2;
      const invert = inverted(a, NFT_QUOTA_F_DEPLETED);
      return invert === null
        ? null
        : { kind: 'quota', bytes: count(a, 'bytes'), consumed: count(a, 'consumed', 0), invert };
    },
  },
  connlimit: {
    attributes: ['count', 'flags'],
    read: (a) => {
      const invert = inverted(a);
      return invert === null ? null : { kind: 'connlimit', count: count(a, 'count'), invert };
    },
  },
  reject: {
    attributes: ['type', 'icmp_code'],
    read: (a) => {
      const type = (['icmp', 'tcp-reset', 'icmpx'] as const)[count(a, 'type')];
      return type === undefined ? null : { kind: 'reject', type, code: count(a, 'icmp_code', 0) };
    },
  },
  nat: {
    attributes: ['type', 'family', 'reg_addr_min', 'reg_addr_max', 'reg_proto_min', 'reg_proto_max', 'flags'],
    read: (a) => {
      const type = (['snat', 'dnat'] as const)[count(a, 'type')];
      const family = familyOf(count(a, 'family'));
      const flags = natFlags(a);
      if (type === undefined || family === null || flags === null) return null;
      const [addressMin, addressMax] = [optionalRegister(a, 'reg_addr_min'), optionalRegister(a, 'reg_addr_max')];
      return { kind: 'nat', type, family, addressMin, addressMax, ...ports(a), flags };
    },
  },
  masq: translation('masq'),
  redir: translation('redir'),
  tproxy: {
    attributes: ['family', 'reg_addr', 'reg_port'],
    read: (a) => {
      const number = count(a, 'family', 0);
      const family = number === 0 || number === NFPROTO_INET ? 'inet' : familyOf(number);
      if (family === null) return null;
      return {
        kind: 'tproxy',
        family,
        address: optionalRegister(a, 'reg_addr'),
        port: optionalRegister(a, 'reg_port'),
      };
    },
  },
  notrack: { attributes: [], read: () => ({ kind: 'notrack' }) },
  queue: {
    attributes: ['num', 'total', 'flags', 'sreg_qnum'],
    read: (a) => {
      const flags = flagWords(count(a, 'flags', 0), ['bypass', 'fanout']);
      if (flags === null) return null;
      const from = count(a, 'num', 0);
      return {
        kind: 'queue',
        from,
        to: from + count(a, 'total', 1) - 1,
        bypass: flags.includes('bypass'),
        fanout: flags.includes('fanout'),
        sreg: optionalRegister(a, 'sreg_qnum'),
      };
    },
  },
  dup: {
    attributes: ['sreg_addr', 'sreg_dev'],
    read: (a) => ({
      kind: 'dup',
      address: optionalRegister(a, 'sreg_addr'),
      device: optionalRegister(a, 'sreg_dev'),
    }),
  },
  fwd: {
    attributes: ['sreg_dev', 'sreg_addr', 'nfproto'],
    read: (a) => ({
      kind: 'fwd',
      address: optionalRegister(a, 'sreg_addr'),
      device: optionalRegister(a, 'sreg_dev'),
    }),
  },
  flow_offload: {
    attributes: ['table_name'],
    read: (a) => ({ kind: 'flow-offload', table: nameOf(a, 'table_name') }),
  },
  synproxy: {
    attributes: ['mss', 'wscale', 'flags'],
    read: (a) => {
      const flags = flagWords(count(a, 'flags', 0), SYNPROXY_FLAGS);
      return flags && { kind: 'synproxy', mss: count(a, 'mss', 0), wscale: count(a, 'wscale', 0), flags };
    },
  },
  objref: {
    attributes: ['imm_type', 'imm_name', 'set_sreg', 'set_name', 'set_id'],
    read: (a) => ({
      kind: 'objref',
      type: count(a, 'imm_type', 0),
      name: optionalName(a, 'imm_name'),
      set: optionalName(a, 'set_name'),
      sreg: 'set_sreg' in a ? register(a, 'set_sreg') : null,
    }),
  },
  match: extension('match'),
  target: extension('target'),
};
