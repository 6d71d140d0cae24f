/** What somebody who sends and receives the packets for real could see of a run: the side that is compared with a kernel. */
import type { NamespaceKey } from '@netverdict/linux-net';
import type { Direction } from '@netverdict/verdict';
import type { Packet } from '../packet/packet.ts';
import type { Missing } from './choices.ts';

/** The packet as the receiving socket got it. */
export interface Arrived {
  readonly namespace: NamespaceKey;
  /** Name of the device that it came in by. */
  readonly iif: string;
  readonly packet: Packet;
}

/** What the sender's socket learns. */
export type Heard =
  /** The answer, a RST, or an ICMP error about the packet (`packet.icmp` with its type and code; `mtu` of "too big"). */
  | { readonly kind: 'packet'; readonly packet: Packet }
  /** The sender's own kernel refuses to send it: errno's name, such as EPERM or ENETUNREACH. */
  | { readonly kind: 'error'; readonly errno: string }
  | { readonly kind: 'silence' }
  /** An error or a RST was sent, and where it went rests on this; null: it was not followed to its end. */
  | { readonly kind: 'unknown'; readonly missing: Missing | null };

/** An ICMP error about the answer, and the namespace that had sent that. */
export interface ToldOfAnswer {
  readonly namespace: NamespaceKey;
  readonly type: number;
  readonly code: number;
  /** So often it counts where routers count what they send: for each piece. */
  readonly times: number;
}

/** A rule whose conditions the packet met, or a base chain's policy that it came to. */
export interface RuleMet {
  readonly namespace: NamespaceKey;
  readonly direction: Direction;
  /** `iptables-legacy`, `iptables-nft`, `ip6tables-legacy`, `ip6tables-nft`, or nft's family (`inet`) for native tables. */
  readonly tool: string;
  readonly table: string;
  readonly chain: string;
  /** 1-based position in the chain; `policy` at its end. */
  readonly rule: number | 'policy';
  /** Whether the packet met it cannot be told (`-m limit -j LOG`): it makes no difference to the packet. */
  readonly maybe?: boolean;
}
