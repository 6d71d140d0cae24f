/** Header fields that nft has words for, by their place; what is not here is printed as `@th,16,16`. */
import type { Datatype } from './datatypes.ts';

export interface HeaderField {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
  readonly type: Datatype;
}
const field = (name: string, offset: number, length: number, type: Datatype): HeaderField => ({
  name,
  offset,
  length,
  type,
});

const PORTS = (header: string): readonly HeaderField[] => [
  field(`${header} sport`, 0, 2, 'decimal'),
  field(`${header} dport`, 2, 2, 'decimal'),
];

/** Key: the network header's protocol, or the transport protocol's number. */
export const NETWORK_FIELDS: Readonly<Record<'ip' | 'ip6' | 'arp', readonly HeaderField[]>> = {
  ip: [
    field('ip length', 2, 2, 'decimal'),
    field('ip id', 4, 2, 'decimal'),
    field('ip frag-off', 6, 2, 'decimal'),
    field('ip ttl', 8, 1, 'decimal'),
    field('ip protocol', 9, 1, 'protocol'),
    field('ip checksum', 10, 2, 'decimal'),
    field('ip saddr', 12, 4, 'ipv4'),
    field('ip daddr', 16, 4, 'ipv4'),
  ],
  ip6: [
    field('ip6 length', 4, 2, 'decimal'),
    field('ip6 nexthdr', 6, 1, 'protocol'),
    field('ip6 hoplimit', 7, 1, 'decimal'),
    field('ip6 saddr', 8, 16, 'ipv6'),
    field('ip6 daddr', 24, 16, 'ipv6'),
  ],
  arp: [
    field('arp htype', 0, 2, 'decimal'),
    field('arp ptype', 2, 2, 'ethertype'),
    field('arp hlen', 4, 1, 'decimal'),
    field('arp plen', 5, 1, 'decimal'),
    field('arp operation', 6, 2, 'arp-operation'),
    field('arp saddr ether', 8, 6, 'ether'),
    field('arp saddr ip', 14, 4, 'ipv4'),
    field('arp daddr ether', 18, 6, 'ether'),
    field('arp daddr ip', 24, 4, 'ipv4'),
  ],
};
export const LINK_FIELDS: readonly HeaderField[] = [
  field('ether daddr', 0, 6, 'ether'),
  field('ether saddr', 6, 6, 'ether'),
  field('ether type', 12, 2, 'ethertype'),
];
export const VLAN_FIELDS: readonly HeaderField[] = [field('vlan type', 16, 2, 'ethertype')];
/** What stands where the protocol is not known. */
export const ANY_TRANSPORT = PORTS('th');
export const TRANSPORT_FIELDS: Readonly<Record<number, readonly HeaderField[]>> = {
  1: [field('icmp type', 0, 1, 'icmp-type'), field('icmp code', 1, 1, 'decimal')],
  6: [...PORTS('tcp'), field('tcp flags', 13, 1, 'tcp-flags'), field('tcp window', 14, 2, 'decimal')],
  17: [...PORTS('udp'), field('udp length', 4, 2, 'decimal')],
  33: PORTS('dccp'),
  50: [field('esp spi', 0, 4, 'decimal')],
  51: [field('ah spi', 4, 4, 'decimal')],
  58: [field('icmpv6 type', 0, 1, 'icmpv6-type'), field('icmpv6 code', 1, 1, 'decimal')],
  132: PORTS('sctp'),
};

/** Of `meta`: nft's own name where it differs from the kernel's, and the type. */
export const META_WORDS: Readonly<Record<string, readonly [string, Datatype]>> = {
  len: ['meta length', 'host-decimal'],
  protocol: ['meta protocol', 'ethertype'],
  mark: ['meta mark', 'host-hex'],
  iif: ['iif', 'host-decimal'],
  oif: ['oif', 'host-decimal'],
  iifname: ['iifname', 'name'],
  oifname: ['oifname', 'name'],
  iiftype: ['iiftype', 'host-decimal'],
  oiftype: ['oiftype', 'host-decimal'],
  skuid: ['meta skuid', 'host-decimal'],
  skgid: ['meta skgid', 'host-decimal'],
  nftrace: ['meta nftrace', 'flag'],
  nfproto: ['meta nfproto', 'nfproto'],
  l4proto: ['meta l4proto', 'protocol'],
  pkttype: ['meta pkttype', 'pkttype'],
  cpu: ['meta cpu', 'host-decimal'],
  iifgroup: ['iifgroup', 'host-decimal'],
  oifgroup: ['oifgroup', 'host-decimal'],
  cgroup: ['meta cgroup', 'host-decimal'],
  prandom: ['meta random', 'decimal'],
  iifkind: ['meta iifkind', 'name'],
  oifkind: ['meta oifkind', 'name'],
  bri_iifname: ['meta ibrname', 'name'],
  bri_oifname: ['meta obrname', 'name'],
  sdifname: ['meta sdifname', 'name'],
};
export const CT_WORDS: Readonly<Record<string, readonly [string, Datatype]>> = {
  state: ['state', 'ct-state'],
  status: ['status', 'ct-status'],
  direction: ['direction', 'ct-direction'],
  mark: ['mark', 'host-hex'],
  helper: ['helper', 'name'],
  l3protocol: ['l3proto', 'nfproto'],
  protocol: ['protocol', 'protocol'],
  proto_src: ['proto-src', 'decimal'],
  proto_dst: ['proto-dst', 'decimal'],
  pkts: ['packets', 'host-decimal'],
  bytes: ['bytes', 'host-decimal'],
  avgpkt: ['avgpkt', 'host-decimal'],
  zone: ['zone', 'host-decimal'],
  src_ip: ['ip saddr', 'ipv4'],
  dst_ip: ['ip daddr', 'ipv4'],
  src_ip6: ['ip6 saddr', 'ipv6'],
  dst_ip6: ['ip6 daddr', 'ipv6'],
};
