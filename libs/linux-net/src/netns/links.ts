/** Links as `ip -d link` shows them (rtnetlink RTM_GETLINK). */
import type { IpAddress } from '../values/address.ts';
import type { IfIndex, Mac } from '../values/scalars.ts';

export type OperState = 'unknown' | 'notpresent' | 'down' | 'lowerlayerdown' | 'testing' | 'dormant' | 'up';

export interface Link {
  readonly ifindex: IfIndex;
  readonly name: string;
  /** IFF_UP: the administrator's wish. */
  readonly up: boolean;
  /** IFF_LOWER_UP: there is a carrier. */
  readonly carrier: boolean;
  readonly noarp: boolean;
  readonly loopback: boolean;
  /** IFF_MULTICAST: without it IPv6 neighbours are not asked for. */
  readonly multicast: boolean;
  readonly operstate: OperState;
  readonly mtuBytes: number;
  /** `ip link set … group`; absent: 0, the default one. */
  readonly group?: number;
  readonly mac: Mac | null;
  /** The bridge, bond or VRF that this link is a port of. */
  readonly master: IfIndex | null;
  /** IFLA_LINK: the peer of a veth, the parent of a macvlan, the underlay of a vxlan. */
  readonly link: IfIndex | null;
  /** IFLA_LINK_NETNSID: `link` is an index of that namespace. Resolved with the netns-ids section. */
  readonly linkNetnsid: number | null;
  readonly detail: LinkDetail;
  readonly bridgePort: BridgePort | null;
}

/** A kind that the model does not know stays `other`, with its name: a packet that meets it is undetermined. */
export type LinkDetail =
  | { readonly kind: 'loopback' }
  | { readonly kind: 'physical' }
  | { readonly kind: 'veth' }
  | { readonly kind: 'dummy' }
  | { readonly kind: 'tun'; readonly mode: 'tun' | 'tap' }
  | BridgeDetail
  | VxlanDetail
  | { readonly kind: 'macvlan'; readonly mode: string }
  | { readonly kind: 'vlan'; readonly id: number; readonly protocol: string }
  | { readonly kind: 'other'; readonly name: string };

export interface BridgeDetail {
  readonly kind: 'bridge';
  readonly vlanFiltering: boolean;
  /** Per-bridge nf_call_*; the sysctl bridge-nf-call-* is the other half of the condition. */
  readonly nfCallIptables: boolean;
  readonly nfCallIp6tables: boolean;
  readonly stp: boolean;
  /** The VLAN of untagged frames on a new port; 1 unless set. Of no meaning while `vlanFiltering` is off. */
  readonly defaultPvid: number;
}

export interface VxlanDetail {
  readonly kind: 'vxlan';
  readonly vni: number;
  readonly dstPort: number;
  readonly local: IpAddress | null;
  /** Multicast group or the default remote. */
  readonly remote: IpAddress | null;
  /** The device below (`dev eth0`). */
  readonly underlay: IfIndex | null;
  readonly learning: boolean;
  readonly external: boolean;
  /** Answers ARP and ND for what the neighbour table knows, instead of sending them on (`proxy`). */
  readonly proxy: boolean;
  /** DF of the outer packet; `inherit` takes the inner packet's. */
  readonly df: 'unset' | 'set' | 'inherit';
  /** TTL of the outer packet; 0: the kernel's default, `inherit`: the inner packet's. */
  readonly ttl: number | 'inherit';
  /** TOS of the outer packet; 1: the inner packet's. */
  readonly tos: number;
  /** Outer packets carry a UDP checksum: of IPv4 (`udpcsum`) and of IPv6 (`noudp6zerocsumtx`). */
  readonly sums: { readonly ipv4: boolean; readonly ipv6: boolean };
  /** Group-based policy or generic extensions are in use: their header bits are not modelled. */
  readonly extended: boolean;
}

export interface BridgePort {
  readonly state: 'disabled' | 'listening' | 'learning' | 'forwarding' | 'blocking';
  readonly hairpin: boolean;
  readonly isolated: boolean;
  readonly learning: boolean;
  /** Unknown unicast is flooded to this port. */
  readonly flood: boolean;
  readonly broadcastFlood: boolean;
  readonly multicastFlood: boolean;
  /** The bridge answers ARP for what it knows and floods nothing to the port (IEEE 802.11 proxy ARP; RFC 7432 suppression). */
  readonly proxyArp: boolean;
  readonly proxyArpWifi: boolean;
  readonly neighSuppress: boolean;
  /** Frames are taken from addresses only that the FDB has on this port (802.1X). */
  readonly locked: boolean;
  /** The port's VLANs; null where they were not read. Of meaning with the bridge's VLAN filter only. */
  readonly vlans: readonly PortVlan[] | null;
}

export interface PortVlan {
  readonly vid: number;
  /** Untagged frames that come in belong to it. */
  readonly pvid: boolean;
  /** Its frames leave without a tag. */
  readonly untagged: boolean;
}
