/** What really happened to one packet of a flow, as the sockets and the kernel's own trace tell it. */

export interface Observation {
  readonly flow: string;
  /** 0 … repeat-1. */
  readonly attempt: number;
  readonly heard: HeardForReal;
  /** As the receiving socket got the first packet; null when no socket of the world got it. ICMP echo has no receiver to ask. */
  readonly received: Received | null;
  /**
   * Rules met by the first packet on its way there and by what came back, in the order of the kernel's trace within a namespace
   * and direction; null: this attempt was not traced, or the kernel had more to tell than was heard.
   */
  readonly rules: readonly RuleSeen[] | null;
  /**
   * Silence that may be an error held back: of a route's IPv4 errors (net, host unreachable, prohibited) a router tells a source
   * address five at once and then one a second, and no sysctl of a namespace changes that (net/ipv4/route.c, ip_error).
   */
  readonly mayBeHeldBack?: true;
}

export type HeardForReal =
  | { readonly kind: 'answer' }
  /** TCP RST, which connect() gives as ECONNREFUSED. */
  | { readonly kind: 'reset' }
  | {
      readonly kind: 'icmp';
      readonly type: number;
      readonly code: number;
      /** Address of who sent it. */
      readonly from: string;
      /** Of "fragmentation needed" and "packet too big". */
      readonly mtu: number | null;
    }
  /** The sender's own kernel refused: errno's name. */
  | { readonly kind: 'error'; readonly errno: string }
  | { readonly kind: 'silence' };

export interface Received {
  readonly namespace: string;
  /** Address and port of the sender as the receiver sees them. */
  readonly source: string;
  readonly sport: number;
  /** To which of its addresses the packet came (IP_PKTINFO, or the accepted socket's own address). */
  readonly destination: string;
  readonly dport: number;
  /** Name of the device it came in by; null where the socket does not tell. */
  readonly iif: string | null;
  /** skb->mark when the packet had passed all hooks and found the socket; null where it does not tell. */
  readonly mark: number | null;
  readonly tos: number | null;
  readonly ttl: number | null;
  /** Of the whole IP packet; null of TCP, whose SYN's options are the sender's kernel's business. */
  readonly sizeBytes: number | null;
}

export interface RuleSeen {
  readonly namespace: string;
  readonly direction: 'forward' | 'reply';
  /** As netsim's RuleMet: `iptables-legacy`, `ip6tables-nft`, …, or nft's family for native tables. */
  readonly tool: string;
  readonly table: string;
  readonly chain: string;
  /** 1-based position in its chain, or `policy`. */
  readonly rule: number | 'policy';
  /** Of the model: whether it was met cannot be told, and makes no difference to the packet (`-m limit -j LOG`). */
  readonly maybe?: boolean;
}
