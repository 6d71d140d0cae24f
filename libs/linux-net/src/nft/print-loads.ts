/** What an expression that loads a register is called in a rule. */
import type { Datatype } from './datatypes.ts';
import type { NftExpr } from './expressions.ts';
import {
  ANY_TRANSPORT,
  CT_WORDS,
  type HeaderField,
  LINK_FIELDS,
  META_WORDS,
  NETWORK_FIELDS,
  TRANSPORT_FIELDS,
  VLAN_FIELDS,
} from './fields.ts';

/** Which headers the packet has, as the family or the rule so far says. */
export interface Headers {
  network: 'ip' | 'ip6' | 'arp' | null;
  transport: number | null;
}

export interface Loaded {
  readonly words: string;
  readonly type: Datatype;
  readonly bytes: number;
  /** Header fields that one load covers: nft compares neighbours at once. */
  readonly fields: readonly HeaderField[];
}

const RAW = { link: '@ll', network: '@nh', transport: '@th', inner: '@ih', tunnel: '@tunnel' } as const;

function fieldsOf(base: string, headers: Headers): readonly HeaderField[] {
  if (base === 'link') return [...LINK_FIELDS, ...VLAN_FIELDS];
  if (base === 'network') return headers.network === null ? [] : NETWORK_FIELDS[headers.network];
  if (base !== 'transport') return [];
  return (headers.transport === null ? undefined : TRANSPORT_FIELDS[headers.transport]) ?? ANY_TRANSPORT;
}

/** A prefix of whole bytes is loaded without its end: fewer bytes than the field has. */
export function payload(e: NftExpr & { kind: 'payload' | 'payload-set' }, headers: Headers): Loaded {
  const all = fieldsOf(e.base, headers);
  const first = all.find((f) => f.offset === e.offset);
  const raw: Loaded = {
    words: `${RAW[e.base]},${e.offset * 8},${e.length * 8}`,
    type: 'hex',
    bytes: e.length,
    fields: [],
  };
  if (first === undefined) return raw;
  if (first.length >= e.length) {
    const isPrefix = first.length === e.length || first.type === 'ipv4' || first.type === 'ipv6';
    return isPrefix ? { words: first.name, type: first.type, bytes: e.length, fields: [first] } : raw;
  }
  const fields: HeaderField[] = [];
  for (let at = e.offset; at < e.offset + e.length; ) {
    const next = all.find((f) => f.offset === at);
    if (next === undefined) return raw;
    fields.push(next);
    at += next.length;
  }
  return { words: raw.words, type: 'hex', bytes: e.length, fields };
}

const EXTHDR: Readonly<Record<number, string>> = { 0: 'hbh', 43: 'rt', 44: 'frag', 60: 'dst', 135: 'mh' };
const TCP_OPTIONS: Readonly<Record<number, string>> = {
  2: 'maxseg',
  3: 'window',
  4: 'sack-perm',
  8: 'timestamp',
  34: 'fastopen',
};
const IP_OPTIONS: Readonly<Record<number, string>> = { 7: 'rr', 68: 'timestamp', 131: 'lsrr', 137: 'ssrr', 148: 'ra' };

export function headerOption(op: string, type: number): string {
  if (op === 'ipv6') return `exthdr ${EXTHDR[type] ?? type}`;
  if (op === 'tcpopt') return `tcp option ${TCP_OPTIONS[type] ?? type}`;
  return op === 'ipv4' ? `ip option ${IP_OPTIONS[type] ?? type}` : `${op} chunk ${type}`;
}

const loaded = (words: string, type: Datatype, bytes: number): Loaded => ({ words, type, bytes, fields: [] });
const META_BYTES: Readonly<Partial<Record<Datatype, number>>> = {
  name: 16,
  ethertype: 2,
  protocol: 1,
  nfproto: 1,
  pkttype: 1,
  flag: 1,
  ipv4: 4,
  ipv6: 16,
  'ct-direction': 1,
  decimal: 2,
};

/** null: not an expression that loads. */
export function load(
  e: NftExpr,
  headers: Headers,
  operand: (register: number, bytes: number) => string,
): Loaded | null {
  switch (e.kind) {
    case 'payload':
      return payload(e, headers);
    case 'meta': {
      const [words, type] = META_WORDS[e.key] ?? [`meta ${e.key}`, 'hex' as const];
      return loaded(words, type, e.key === 'prandom' ? 4 : e.key.endsWith('iftype') ? 2 : (META_BYTES[type] ?? 4));
    }
    case 'ct': {
      const [words, type] = CT_WORDS[e.key] ?? [e.key, 'hex' as const];
      const wide = e.key === 'pkts' || e.key === 'bytes' || e.key === 'avgpkt' ? 8 : e.key === 'zone' ? 2 : undefined;
      return loaded(`ct ${e.direction === null ? '' : `${e.direction} `}${words}`, type, wide ?? META_BYTES[type] ?? 4);
    }
    case 'fib': {
      const by = e.flags.filter((f) => f !== 'present').join(' . ');
      if (e.flags.includes('present')) return loaded(`fib ${by} ${e.result}`, 'flag', 1);
      const types = { oif: 'host-decimal', oifname: 'name', addrtype: 'fib-type' } as const;
      const type = e.result === 'oif' || e.result === 'oifname' || e.result === 'addrtype' ? types[e.result] : 'hex';
      return loaded(`fib ${by} ${e.result === 'addrtype' ? 'type' : e.result}`, type, META_BYTES[type] ?? 4);
    }
    case 'rt':
      if (e.key === 'nexthop4') return loaded('rt ip nexthop', 'ipv4', 4);
      if (e.key === 'nexthop6') return loaded('rt ip6 nexthop', 'ipv6', 16);
      if (e.key === 'xfrm') return loaded('rt ipsec', 'flag', 1);
      return loaded(`rt ${e.key === 'tcpmss' ? 'mtu' : e.key}`, 'host-decimal', 4);
    case 'socket': {
      const level = e.key === 'cgroupv2' && e.level !== null ? ` level ${e.level}` : '';
      return loaded(`socket ${e.key}${level}`, e.key === 'mark' ? 'host-hex' : 'flag', e.key === 'mark' ? 4 : 1);
    }
    case 'numgen': {
      const offset = e.offset === 0 ? '' : ` offset ${e.offset}`;
      return loaded(`numgen ${e.type === 'random' ? 'random' : 'inc'} mod ${e.modulus}${offset}`, 'host-decimal', 4);
    }
    case 'hash': {
      const what = e.type === 'symmetric' ? 'symhash' : `jhash ${operand(e.sreg ?? 0, e.length ?? 4)}`;
      const seed = e.seed === null ? '' : ` seed 0x${e.seed.toString(16)}`;
      return loaded(`${what} mod ${e.modulus}${seed}${e.offset === 0 ? '' : ` offset ${e.offset}`}`, 'host-decimal', 4);
    }
    case 'exthdr': {
      const option = headerOption(e.op, e.type);
      if (e.present) return loaded(option, 'flag', 1);
      if (e.op === 'tcpopt' && e.type === 2 && e.offset === 2) return loaded(`${option} size`, 'decimal', 2);
      return loaded(`@${option.replaceAll(' ', '-')},${e.offset * 8},${e.length * 8}`, 'hex', e.length);
    }
    default:
      return null;
  }
}
