/** What a rule does to a packet, one member per target. The names are iptables-extensions(8)'s. */
import type { IpAddress } from '../values/address.ts';
import type { Range } from './matches.ts';

export interface NatRange {
  readonly addresses: { readonly from: IpAddress; readonly to: IpAddress } | null;
  readonly ports: Range | null;
  /** `10.0.0.1:80-90/80`: base port of a port-shifting DNAT. */
  readonly basePort: number | null;
  readonly random: boolean;
  readonly randomFully: boolean;
  readonly persistent: boolean;
}

export type RejectWith =
  | 'icmp-net-unreachable'
  | 'icmp-host-unreachable'
  | 'icmp-port-unreachable'
  | 'icmp-proto-unreachable'
  | 'icmp-net-prohibited'
  | 'icmp-host-prohibited'
  | 'icmp-admin-prohibited'
  | 'tcp-reset'
  | 'icmp6-no-route'
  | 'icmp6-adm-prohibited'
  | 'icmp6-addr-unreachable'
  | 'icmp6-port-unreachable'
  | 'icmp6-policy-fail'
  | 'icmp6-reject-route';

interface SetChange {
  readonly set: string;
  readonly directions: readonly ('src' | 'dst')[];
  /** `--exist`, `--timeout 5`, `--map-mark`. */
  readonly options: readonly string[];
}

export type XtTarget =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'return' }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'goto'; readonly chain: string }
  | { readonly kind: 'reject'; readonly with: RejectWith }
  /** mark = (mark & ~mask) ^ value: all forms (--set-mark, --and-mark, --or-mark, --xor-mark) reduce to --set-xmark. */
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number }
  /** `shift` bits to the left, negative to the right, done last (xt_connmark.c). */
  | { readonly kind: 'connmark-set'; readonly value: number; readonly mask: number; readonly shift: number }
  | { readonly kind: 'connmark-save'; readonly nfmask: number; readonly ctmask: number; readonly shift: number }
  | { readonly kind: 'connmark-restore'; readonly nfmask: number; readonly ctmask: number; readonly shift: number }
  | { readonly kind: 'dnat'; readonly to: NatRange }
  | { readonly kind: 'snat'; readonly to: NatRange }
  | {
      readonly kind: 'masquerade';
      readonly ports: Range | null;
      readonly random: boolean;
      readonly randomFully: boolean;
    }
  | { readonly kind: 'redirect'; readonly ports: Range | null; readonly random: boolean }
  | { readonly kind: 'netmap'; readonly address: IpAddress; readonly mask: IpAddress }
  | { readonly kind: 'notrack' }
  | {
      readonly kind: 'ct';
      readonly zone: number | 'mark' | null;
      /** Of which direction's packets the zone is. */
      readonly zoneOf: 'both' | 'original' | 'reply';
      readonly helper: string | null;
      readonly notrack: boolean;
      readonly timeout: string | null;
      /** Which events are reported; changes nothing for the packet. */
      readonly events: readonly string[];
    }
  | {
      readonly kind: 'tproxy';
      readonly port: number;
      readonly address: IpAddress | null;
      readonly value: number;
      readonly mask: number;
    }
  | { readonly kind: 'tcpmss'; readonly set: number | 'clamp-to-pmtu' }
  | { readonly kind: 'tos'; readonly value: number; readonly mask: number }
  | { readonly kind: 'dscp'; readonly value: number }
  | { readonly kind: 'ttl'; readonly op: 'set' | 'inc' | 'dec'; readonly value: number }
  /** The copy that goes to the gateway is not followed. */
  | { readonly kind: 'tee'; readonly gateway: IpAddress; readonly oif: string | null }
  | (SetChange & { readonly kind: 'set-add' })
  | (SetChange & { readonly kind: 'set-del' })
  /** Takes mark, priority and queue from the member that the packet is. */
  | (SetChange & { readonly kind: 'set-map' })
  | {
      readonly kind: 'nfqueue';
      readonly queues: Range;
      /** Nobody listening means accept. */
      readonly bypass: boolean;
      readonly cpuFanout: boolean;
    }
  /** The kernel itself answers the handshake. */
  | { readonly kind: 'synproxy'; readonly options: readonly string[] }
  /** A mark by a hash of the packet's tuple. */
  | { readonly kind: 'hmark'; readonly options: readonly string[] }
  /** Logs, counts or classifies, or changes what no rule here and no host asks for; the packet goes on unchanged. */
  | { readonly kind: 'observe'; readonly name: Observer; readonly options: readonly string[] }
  | { readonly kind: 'unsupported'; readonly name: string; readonly text: string };

export type Observer =
  | 'LOG'
  | 'NFLOG'
  | 'ULOG'
  | 'TRACE'
  | 'AUDIT'
  | 'CHECKSUM'
  | 'CLASSIFY'
  | 'SECMARK'
  | 'CONNSECMARK'
  | 'IDLETIMER'
  | 'RATEEST'
  | 'LED'
  | 'TCPOPTSTRIP'
  | 'ECN';
