/** Why a branch ended: data that findings are made from, one member per cause. */
import type {
  ConntrackEntry,
  IpAddress,
  Link,
  NamespaceKey,
  Need,
  Neighbour,
  NftRule,
  Route,
  Socket,
  XtRule,
} from '@netverdict/linux-net';
import type { Direction, Disposition, Evidence } from '@netverdict/verdict';
import type { CompiledRuleset } from '../netfilter/ruleset.ts';
import type { CompiledNftTable } from '../nft/compile.ts';
import type { Packet } from '../packet/packet.ts';
import type { Martian } from '../route/decide-input.ts';
import type { RouteErrno } from '../route/output.ts';
import type { Loosely } from '../route/validate-source.ts';
import type { Missing } from './choices.ts';

export interface Stop {
  readonly disposition: Disposition;
  readonly cause: Cause;
  /** Namespace in which it happened; null on the wire or outside. */
  readonly place: NamespaceKey | null;
  readonly node: string | null;
  readonly direction: Direction;
  /** As it was when it stopped, outermost header first. */
  readonly packet: Packet;
  readonly evidence: readonly Evidence[];
}

export interface RulePlace {
  readonly ruleset: CompiledRuleset;
  readonly table: string;
  readonly chain: string;
}

/** In native nftables. */
export interface NftPlace {
  readonly table: CompiledNftTable;
  readonly chain: string;
}

export type Cause =
  | (RulePlace & { readonly kind: 'rule-drop'; readonly rule: XtRule })
  | (RulePlace & { readonly kind: 'policy-drop' })
  | (RulePlace & { readonly kind: 'rule-reject'; readonly rule: XtRule; readonly with: string })
  | (NftPlace & { readonly kind: 'nft-drop'; readonly rule: NftRule })
  | (NftPlace & { readonly kind: 'nft-policy-drop' })
  /** `with`: as iptables names the same answer; `code`: of the ICMP error, in the packet's family. */
  | (NftPlace & {
      readonly kind: 'nft-reject';
      readonly rule: NftRule;
      readonly with: string;
      readonly code: number;
    })
  | { readonly kind: 'link-down'; readonly link: Link; readonly reason: 'admin-down' | 'no-carrier' }
  | {
      readonly kind: 'bridge-port-blocked';
      readonly port: Link;
      readonly state: string;
    }
  | { readonly kind: 'hairpin-off'; readonly port: Link }
  /** `iif` null: of its own packet; `errno` is then what the sender's socket gets. */
  /** `silent`: nobody is told. */
  | { readonly kind: 'no-route'; readonly iif: Link | null; readonly errno?: RouteErrno; readonly silent?: true }
  /** `route` null: a policy rule refuses. */
  | {
      readonly kind: 'route-error';
      readonly route: Route | null;
      readonly type: string;
      readonly errno?: RouteErrno;
      readonly silent?: true;
    }
  | { readonly kind: 'forwarding-off'; readonly sysctl: string }
  | {
      readonly kind: 'rp-filter';
      readonly iif: Link;
      readonly mode: number;
      readonly sysctl: string;
      readonly expected: string | null;
      readonly loosely: Loosely;
    }
  | {
      readonly kind: 'martian';
      readonly iif: Link;
      readonly why: Martian;
    }
  /** A packet for somebody else was sent to the loopback device, which gives it to nobody. */
  | { readonly kind: 'looped-back' }
  | { readonly kind: 'ttl-expired' }
  | { readonly kind: 'loop' }
  /** `route`: whose own MTU it is; `silent`: a bridge's port or the far end of a link threw it away, of which nobody is told. */
  | {
      readonly kind: 'too-big';
      readonly link: Link;
      readonly limitBytes: number;
      readonly tunnel: Link | null;
      readonly route?: Route;
      readonly silent?: true;
      /** Bridge netfilter did not pass it on, and tells of it though no IP layer had the packet. */
      readonly byBridge?: true;
    }
  | {
      readonly kind: 'neighbour';
      readonly link: Link;
      readonly address: IpAddress;
      readonly entry: Neighbour | null;
      /** What lost the question or the answer: a bridge's port, or rules (neighbour discovery is ICMPv6). */
      readonly lost: Stop | null;
    }
  /** Nobody on the link has the MAC address that the frame is sent to. */
  | { readonly kind: 'frame-lost'; readonly link: Link; readonly mac: string; readonly address: IpAddress | null }
  | { readonly kind: 'fdb-missing'; readonly link: Link; readonly mac: string; readonly gateway: IpAddress | null }
  | { readonly kind: 'vtep-unreachable'; readonly link: Link; readonly mac: string | null; readonly dst: IpAddress }
  /** The other end has no vxlan device with this VNI and port. */
  | { readonly kind: 'vni-unknown'; readonly vni: number; readonly port: number; readonly devices: readonly Link[] }
  /** NAT has made the checksum of the tunnel's packet wrong. */
  | { readonly kind: 'tunnel-checksum' }
  | { readonly kind: 'no-listener'; readonly loopbackOnly: boolean }
  /** Its program does not take what waits for it. */
  | {
      readonly kind: 'queue-full';
      readonly socket: Socket;
      readonly queue: 'accept-queue' | 'receive-buffer';
      readonly used: number;
      readonly limit: number;
    }
  /** A socket that may not send to everybody on the link; `errno` is what its program gets. */
  | { readonly kind: 'to-everybody'; readonly errno: 'EACCES' | 'ENETUNREACH' }
  | { readonly kind: 'echo-ignored'; readonly sysctl: string }
  /** `translated`: the address and port that another connection to `to` has; `entry`: as it was read, null if this run made it. */
  | {
      readonly kind: 'nat-clash';
      readonly translated: string;
      readonly to: string;
      readonly entry: ConntrackEntry | null;
    }
  /** Forwarding hosts took the frame although it was not theirs, or the wrong host's stack dropped it. */
  | { readonly kind: 'not-for-us'; readonly iif: Link; readonly mac: string }
  | {
      readonly kind: 'outside-no-route';
      readonly link: Link | null;
      readonly via: IpAddress | null;
      readonly target: 'pod' | 'service' | 'source' | 'private';
    }
  | { readonly kind: 'reply-mismatch'; readonly expected: Packet }
  | { readonly kind: 'nat-no-source'; readonly link: Link }
  | { readonly kind: 'node-unavailable'; readonly node: string; readonly reason: string }
  | { readonly kind: 'need'; readonly need: Need }
  | { readonly kind: 'unknown'; readonly missing: Missing };
