/**
 * A world to be judged: network namespaces described by the very lines that the usual tools take, and packets to send through
 * them. It is data (JSON), so that it can be written as a fixture, and lists of lines, so that it can be shrunk by leaving
 * lines out. The kernel's side runs the lines; the model's side sees only what the agent collects of the result.
 *
 * `{name}` in any line stands for the namespace of that name (as `ip link … netns {b}`).
 */

export interface WorldSpec {
  /** `SEED/INDEX`, or a fixture's name. */
  readonly id: string;
  readonly namespaces: readonly NamespaceSpec[];
  /** Sent before anything is collected; what they leave behind (conntrack entries, bindings) is part of the world. */
  readonly prelude: readonly FlowSpec[];
  /** Judged one after the other, each on its own: no two share a tuple, unless `continues` says so. */
  readonly flows: readonly FlowSpec[];
}

export interface NamespaceSpec {
  readonly name: string;
  /** `key = value` as sysctl -p reads, keys with slashes (`net/ipv4/ip_forward = 1`), set before links exist. */
  readonly sysctls: readonly string[];
  /** `ip -batch` lines, run in the namespace in the order of the namespaces, all links before all else. */
  readonly links: readonly string[];
  readonly ip: readonly string[];
  /** `ip -6 -batch` lines, after those. */
  readonly ip6: readonly string[];
  /** `ip -batch` lines once all is configured and the sockets are open: devices that go down or shrink. */
  readonly late: readonly string[];
  /** `bridge -batch` lines. */
  readonly bridge: readonly string[];
  /** Sysctls of devices, set once the links are there. */
  readonly deviceSysctls: readonly string[];
  /** `ipset restore`. */
  readonly ipset: readonly string[];
  /** `iptables-legacy-restore`, and so on; empty: not called. */
  readonly iptablesLegacy: readonly string[];
  readonly ip6tablesLegacy: readonly string[];
  readonly iptablesNft: readonly string[];
  readonly ip6tablesNft: readonly string[];
  /** `nft -f`, before the others: of equal priority what is hooked in last is asked first. */
  readonly nftFirst: readonly string[];
  /** `nft -f`. */
  readonly nft: readonly string[];
  readonly sockets: readonly SocketSpec[];
}

export interface SocketSpec {
  readonly protocol: 'tcp' | 'udp';
  readonly family: 'ipv4' | 'ipv6';
  /** The wildcard is 0.0.0.0 or ::. */
  readonly address: string;
  readonly port: number;
  readonly v6only?: boolean;
  /** SO_BINDTODEVICE. */
  readonly device?: string;
  readonly reuseport?: boolean;
  /** IP_TRANSPARENT, as a proxy behind TPROXY needs it. */
  readonly transparent?: boolean;
  /** A connected UDP socket takes packets of this peer only. */
  readonly remote?: { readonly address: string; readonly port: number };
}

export interface FlowSpec {
  /** Unique in the world. */
  readonly id: string;
  readonly from: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  /** null: the kernel chooses. */
  readonly source: string | null;
  /** Fixed, so that both sides speak of the same tuple; ICMP: the echo identifier. */
  readonly sport: number;
  readonly destination: string;
  /** ICMP: 0. */
  readonly dport: number;
  /** Of the whole IP packet; null: the smallest that the probe sends. UDP and ICMP only. */
  readonly sizeBytes: number | null;
  readonly dontFragment: boolean;
  readonly tos: number;
  readonly mark: number;
  readonly ttl: number;
  readonly uid: number;
  /** SO_BINDTODEVICE of the sending socket. */
  readonly device: string | null;
  /** Raw TCP: one packet with these flags instead of a handshake. */
  readonly tcpFlags: number | null;
  /** Times that it is sent, each from another source port (sport, sport + 1, …), to see shares. */
  readonly repeat: number;
  /**
   * Another packet of this flow of the prelude: the same tuple, whose connection is known to the namespaces it passed. TCP: data
   * over the connection that the prelude left open (ENOTCONN when it was not made), unless `tcpFlags` are given.
   */
  readonly continues: string | null;
}
