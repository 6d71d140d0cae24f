/**
 * What a rule can ask of a packet, one member per question. `negate` is the `!` before the option.
 * The names are iptables-extensions(8)'s. A module that is not modelled stays `unsupported`, with its text.
 */
import type { IpAddress } from '../values/address.ts';
import type { XtRareMatch } from './rare-matches.ts';

/** Address and mask. Masks need not be contiguous: iptables takes 10.0.0.1/255.0.0.255. */
export interface MaskedAddress {
  readonly address: IpAddress;
  readonly mask: IpAddress;
}
export interface Range {
  readonly from: number;
  readonly to: number;
}
export type CtState = 'INVALID' | 'NEW' | 'ESTABLISHED' | 'RELATED' | 'UNTRACKED' | 'SNAT' | 'DNAT';
export type AddrType =
  | 'UNSPEC'
  | 'UNICAST'
  | 'LOCAL'
  | 'BROADCAST'
  | 'ANYCAST'
  | 'MULTICAST'
  | 'BLACKHOLE'
  | 'UNREACHABLE'
  | 'PROHIBIT'
  | 'THROW'
  | 'NAT'
  | 'XRESOLVE';

export interface Negatable {
  readonly negate: boolean;
}

/**
 * Other questions of -m conntrack. A packet without an entry answers none of them with yes, negated or not, unless the same
 * `-m conntrack` asks for a state, too: then the state alone decides (conntrack_mt).
 */
interface BesideState extends Negatable {
  readonly besideState: boolean;
}

export type XtMatch =
  | XtRareMatch
  | (Negatable & { readonly kind: 'source'; readonly value: MaskedAddress })
  | (Negatable & { readonly kind: 'destination'; readonly value: MaskedAddress })
  /** `name` without the `+`; `wildcard` when it had one. */
  | (Negatable & { readonly kind: 'in-interface'; readonly name: string; readonly wildcard: boolean })
  | (Negatable & { readonly kind: 'out-interface'; readonly name: string; readonly wildcard: boolean })
  /** IANA number; 0 is `all`. */
  | (Negatable & { readonly kind: 'protocol'; readonly number: number })
  | (Negatable & { readonly kind: 'fragment' })
  | (Negatable & { readonly kind: 'sport'; readonly range: Range })
  | (Negatable & { readonly kind: 'dport'; readonly range: Range })
  /** Bits of the TCP flags byte: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32. `--syn` is mask 0x17 comp 0x02. */
  | (Negatable & { readonly kind: 'tcp-flags'; readonly mask: number; readonly comp: number })
  | (Negatable & { readonly kind: 'tcp-option'; readonly number: number })
  | (Negatable & { readonly kind: 'icmp'; readonly type: number; readonly codes: Range })
  | (Negatable & {
      readonly kind: 'multiport';
      readonly on: 'source' | 'destination' | 'either';
      readonly ranges: readonly Range[];
    })
  | (Negatable & { readonly kind: 'mark'; readonly value: number; readonly mask: number })
  | (Negatable & { readonly kind: 'connmark'; readonly value: number; readonly mask: number })
  | (Negatable & { readonly kind: 'ctstate'; readonly states: readonly CtState[] })
  | (BesideState & { readonly kind: 'ctproto'; readonly number: number })
  | (BesideState & { readonly kind: 'ctstatus'; readonly statuses: readonly string[] })
  /** Seconds until the entry expires. */
  | (BesideState & { readonly kind: 'ctexpire'; readonly range: Range })
  | (BesideState & {
      readonly kind: 'ctaddress';
      readonly tuple: 'orig' | 'reply';
      readonly side: 'source' | 'destination';
      readonly value: MaskedAddress;
    })
  | (BesideState & {
      readonly kind: 'ctport';
      readonly tuple: 'orig' | 'reply';
      readonly side: 'source' | 'destination';
      readonly range: Range;
    })
  | (BesideState & { readonly kind: 'ctdir'; readonly direction: 'ORIGINAL' | 'REPLY' })
  | (Negatable & {
      readonly kind: 'addrtype';
      readonly side: 'source' | 'destination';
      readonly types: readonly AddrType[];
      readonly limitIface: 'in' | 'out' | null;
    })
  /** probability in 1/2^31 units are the kernel's; here 0…1 as printed. */
  | (Negatable & { readonly kind: 'statistic-random'; readonly probability: number })
  | (Negatable & { readonly kind: 'statistic-nth'; readonly every: number; readonly packet: number })
  | (Negatable & {
      readonly kind: 'recent';
      readonly mode: 'set' | 'rcheck' | 'update' | 'remove';
      readonly seconds: number | null;
      readonly hitcount: number | null;
      readonly name: string;
      readonly side: 'source' | 'destination';
      readonly rttl: boolean;
      readonly reap: boolean;
      readonly mask: string | null;
    })
  | (Negatable & { readonly kind: 'physdev-in'; readonly name: string; readonly wildcard: boolean })
  | (Negatable & { readonly kind: 'physdev-out'; readonly name: string; readonly wildcard: boolean })
  | (Negatable & { readonly kind: 'physdev-is'; readonly what: 'in' | 'out' | 'bridged' })
  | (Negatable & { readonly kind: 'limit'; readonly rate: string; readonly burst: number })
  | (Negatable & {
      readonly kind: 'set';
      readonly set: string;
      readonly directions: readonly ('src' | 'dst')[];
      readonly options: readonly string[];
    })
  | (Negatable & { readonly kind: 'length'; readonly range: Range })
  | (Negatable & { readonly kind: 'ttl'; readonly op: 'eq' | 'lt' | 'gt'; readonly value: number })
  | (Negatable & { readonly kind: 'tos'; readonly value: number; readonly mask: number })
  | (Negatable & { readonly kind: 'dscp'; readonly value: number })
  | (Negatable & {
      readonly kind: 'iprange';
      readonly side: 'source' | 'destination';
      readonly from: IpAddress;
      readonly to: IpAddress;
    })
  | (Negatable & { readonly kind: 'mac-source'; readonly mac: string })
  | (Negatable & {
      readonly kind: 'pkttype';
      readonly type: 'unicast' | 'broadcast' | 'multicast' | 'host' | 'otherhost';
    })
  | (Negatable & {
      readonly kind: 'rpfilter';
      readonly loose: boolean;
      readonly validmark: boolean;
      readonly acceptLocal: boolean;
      readonly invert: boolean;
    })
  | (Negatable & {
      readonly kind: 'socket';
      readonly transparent: boolean;
      readonly nowildcard: boolean;
      readonly restoreSkmark: boolean;
    })
  | (Negatable & {
      readonly kind: 'owner';
      readonly what: 'uid' | 'gid' | 'socket-exists';
      readonly range: Range | null;
      /** The groups that the process has besides, too. */
      readonly supplementary: boolean;
    })
  /** Counts into an accounting object and always matches (xt_nfacct); kube-proxy 1.31+ has it in KUBE-FORWARD. */
  | (Negatable & { readonly kind: 'nfacct'; readonly name: string })
  | { readonly kind: 'unsupported'; readonly module: string; readonly text: string };
