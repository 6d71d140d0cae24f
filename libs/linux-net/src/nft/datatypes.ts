/** How nft writes the value of a register: by what was loaded into it. */
import { formatIp, type Ipv4, type Ipv6 } from '../values/address.ts';
import type { Hex } from './expressions.ts';

export type Datatype =
  | 'ipv4'
  | 'ipv6'
  | 'ether'
  | 'decimal'
  | 'host-decimal'
  | 'host-hex'
  | 'hex'
  | 'name'
  | 'flag'
  | 'protocol'
  | 'ethertype'
  | 'nfproto'
  | 'pkttype'
  | 'ct-state'
  | 'ct-status'
  | 'ct-direction'
  | 'fib-type'
  | 'icmp-type'
  | 'icmpv6-type'
  | 'tcp-flags'
  | 'arp-operation'
  | 'dscp';

/** IPPROTO_*, as nft 1.0 names them. */
const PROTOCOLS: Readonly<Record<number, string>> = {
  1: 'icmp',
  2: 'igmp',
  6: 'tcp',
  17: 'udp',
  33: 'dccp',
  47: 'gre',
  50: 'esp',
  51: 'ah',
  58: 'ipv6-icmp',
  89: 'ospf',
  103: 'pim',
  108: 'comp',
  112: 'vrrp',
  132: 'sctp',
  136: 'udplite',
};
const ETHERTYPES: Readonly<Record<number, string>> = {
  2048: 'ip',
  2054: 'arp',
  34525: 'ip6',
  33024: '8021q',
  34984: '8021ad',
};
const FIB_TYPES = 'unspec unicast local broadcast anycast multicast blackhole unreachable prohibit throw nat'.split(
  ' ',
);
const ICMP: Readonly<Record<number, string>> = {
  0: 'echo-reply',
  3: 'destination-unreachable',
  4: 'source-quench',
  5: 'redirect',
  8: 'echo-request',
  9: 'router-advertisement',
  10: 'router-solicitation',
  11: 'time-exceeded',
  12: 'parameter-problem',
  13: 'timestamp-request',
  14: 'timestamp-reply',
};
const ICMPV6: Readonly<Record<number, string>> = {
  1: 'destination-unreachable',
  2: 'packet-too-big',
  3: 'time-exceeded',
  4: 'parameter-problem',
  128: 'echo-request',
  129: 'echo-reply',
  130: 'mld-listener-query',
  131: 'mld-listener-report',
  132: 'mld-listener-done',
  133: 'nd-router-solicit',
  134: 'nd-router-advert',
  135: 'nd-neighbor-solicit',
  136: 'nd-neighbor-advert',
  137: 'nd-redirect',
  143: 'mld2-listener-report',
};
const ARP: Readonly<Record<number, string>> = { 1: 'request', 2: 'reply' };
const CT_STATES: readonly (readonly [number, string])[] = [
  [1, 'invalid'],
  [2, 'established'],
  [4, 'related'],
  [8, 'new'],
  [64, 'untracked'],
];
const CT_STATUS: readonly (readonly [number, string])[] = [
  [1, 'expected'],
  [2, 'seen-reply'],
  [4, 'assured'],
  [8, 'confirmed'],
  [16, 'snat'],
  [32, 'dnat'],
  [512, 'dying'],
];
const TCP_FLAGS: readonly (readonly [number, string])[] = 'fin syn rst psh ack urg ecn cwr'
  .split(' ')
  .map((name, bit) => [2 ** bit, name] as const);
const DSCP: Readonly<Record<number, string>> = {
  0: 'cs0',
  8: 'cs1',
  16: 'cs2',
  24: 'cs3',
  32: 'cs4',
  40: 'cs5',
  48: 'cs6',
  56: 'cs7',
  46: 'ef',
};

/** Numbers of the kernel's own are held in its byte order; that of little-endian machines where it is not told. */
export const numberOf = (data: Hex, order: 'network' | 'little' | 'big' = 'network'): bigint => {
  if (data === '') return 0n;
  return BigInt(`0x${order === 'little' ? (data.match(/../g) ?? []).reverse().join('') : data}`);
};

const NAME_BYTES = /../g;
const text = (data: Hex): string =>
  (data.match(NAME_BYTES) ?? [])
    .map((b) => Number.parseInt(b, 16))
    .filter((b) => b !== 0)
    .map((b) => String.fromCharCode(b))
    .join('');

const bits = (value: number, names: readonly (readonly [number, string])[]): string | null => {
  const known = names.filter(([bit]) => (value & bit) !== 0);
  const sum = known.reduce((all, [bit]) => all + bit, 0);
  return sum === value && value !== 0 ? known.map(([, name]) => name).join(',') : null;
};
const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
const nameOf = (names: Readonly<Record<number, string>>, value: number): string => names[value] ?? String(value);

type Writer = (data: Hex, host: 'little' | 'big') => string;
const hostNumber = (data: Hex, host: 'little' | 'big'): number => Number(numberOf(data, host));

const WRITERS: Readonly<Record<Datatype, Writer>> = {
  ipv4: (d) => (d.length === 8 ? formatIp(Number(numberOf(d)) as Ipv4) : hex(numberOf(d))),
  ipv6: (d) => (d.length === 32 ? formatIp(numberOf(d) as Ipv6) : hex(numberOf(d))),
  ether: (d) => (d.match(/../g) ?? []).join(':'),
  decimal: (d) => String(numberOf(d)),
  'host-decimal': (d, host) => String(numberOf(d, host)),
  'host-hex': (d, host) => `0x${numberOf(d, host).toString(16).padStart(d.length, '0')}`,
  hex: (d) => hex(numberOf(d)),
  name: (d) => `"${text(d)}${d.endsWith('00') ? '' : '*'}"`,
  flag: (d) => String(numberOf(d)),
  protocol: (d) => nameOf(PROTOCOLS, Number(numberOf(d))),
  ethertype: (d) => ETHERTYPES[Number(numberOf(d))] ?? `0x${d}`,
  nfproto: (d) => nameOf({ 2: 'ipv4', 10: 'ipv6' }, Number(numberOf(d))),
  pkttype: (d) => nameOf({ 0: 'host', 1: 'broadcast', 2: 'multicast', 3: 'other' }, Number(numberOf(d))),
  'ct-state': (d, host) => bits(hostNumber(d, host), CT_STATES) ?? hex(numberOf(d, host)),
  'ct-status': (d, host) => bits(hostNumber(d, host), CT_STATUS) ?? hex(numberOf(d, host)),
  'ct-direction': (d) => nameOf({ 0: 'original', 1: 'reply' }, Number(numberOf(d))),
  'fib-type': (d, host) => FIB_TYPES[hostNumber(d, host)] ?? String(hostNumber(d, host)),
  'icmp-type': (d) => nameOf(ICMP, Number(numberOf(d))),
  'icmpv6-type': (d) => nameOf(ICMPV6, Number(numberOf(d))),
  'tcp-flags': (d) => bits(Number(numberOf(d)), TCP_FLAGS) ?? hex(numberOf(d)),
  'arp-operation': (d) => nameOf(ARP, Number(numberOf(d))),
  dscp: (d) => nameOf(DSCP, Number(numberOf(d))),
};

export const isHostOrder = (type: Datatype): boolean =>
  type.startsWith('host-') || type === 'ct-state' || type === 'ct-status' || type === 'fib-type';

export const writeValue = (type: Datatype, data: Hex, host: 'little' | 'big'): string => WRITERS[type](data, host);
