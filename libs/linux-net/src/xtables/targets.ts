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

export type XtTarget =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'return' }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'goto'; readonly chain: string }
  | { readonly kind: 'reject'; readonly with: RejectWith }
  /** mark = (mark & ~mask) ^ value: all forms (--set-mark, --and-mark, --or-mark, --xor-mark) reduce to --set-xmark. */
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number }
  | { readonly kind: 'connmark-set'; readonly value: number; readonly mask: number }
  | { readonly kind: 'connmark-save'; readonly nfmask: number; readonly ctmask: number }
  | { readonly kind: 'connmark-restore'; readonly nfmask: number; readonly ctmask: number }
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
  | { readonly kind: 'ct'; readonly zone: number | null; readonly helper: string | null; readonly notrack: boolean }
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
  /** Logs, counts or classifies; the packet goes on unchanged. */
  | {
      readonly kind: 'observe';
      readonly name: 'LOG' | 'NFLOG' | 'ULOG' | 'TRACE' | 'AUDIT' | 'CHECKSUM' | 'CLASSIFY' | 'SECMARK';
    }
  | { readonly kind: 'unsupported'; readonly name: string; readonly text: string };
