/**
 * What happens next to the packet: the stack's stages hand each other these values instead of calling each other,
 * so that link, route and netfilter need not import one another in a circle. run.ts is the one place that dispatches.
 */
import type { IfIndex, IpAddress, Link, Socket } from '@netverdict/linux-net';
import type { Frame, Packet } from '../packet/packet.ts';
import type { WorldNamespace } from '../world/world.ts';
import type { Stop } from './stop.ts';

export type Next =
  /** A socket or the kernel itself sends (ip_local_out). `oif`: bound to a device, as a tunnel's outer packet is. */
  | {
      readonly do: 'output';
      readonly ns: WorldNamespace;
      readonly packet: Packet;
      readonly oif: IfIndex | null;
      /** The kernel chose the source, after it had routed the packet without one, and keeps that route. */
      readonly sourceChosen?: boolean;
      /** The device that is asked for when it is routed, but not again when its change routes it anew. */
      readonly askedBy?: IfIndex | undefined;
    }
  /** dev_queue_xmit: the frame goes out of the device. `nexthop` is the address that was resolved to `frame.dstMac`. */
  | {
      readonly do: 'transmit';
      readonly ns: WorldNamespace;
      readonly link: Link;
      readonly frame: Frame;
      readonly nexthop: IpAddress | null;
    }
  /** netif_receive_skb: the frame comes in at the device. */
  | { readonly do: 'receive'; readonly ns: WorldNamespace; readonly link: Link; readonly frame: Frame }
  /** ip_rcv, after the bridge if there was one. `prerouted`: bridge netfilter has run PREROUTING already. */
  | {
      readonly do: 'ip-receive';
      readonly ns: WorldNamespace;
      readonly iif: Link;
      readonly packet: Packet;
      readonly prerouted: boolean;
      /** The bridge port that it came in by. */
      readonly physIn: Link | null;
      /** The device that IPv6 takes it to have come by (IP6CB(skb)->iif), where bridge netfilter has routed it already. */
      readonly routedBy?: Link;
    }
  /** The bridge's own forwarding decision for a frame that came in at a port. */
  | {
      readonly do: 'bridge-forward';
      readonly ns: WorldNamespace;
      readonly bridge: Link;
      readonly port: Link;
      readonly frame: Frame;
    }
  /** It leaves the cluster's nodes towards `packet.destination`, through `link` of the node. */
  | {
      readonly do: 'outside';
      readonly ns: WorldNamespace;
      readonly link: Link;
      readonly packet: Packet;
      readonly via: IpAddress | null;
    }
  /** From outside the cluster's nodes. */
  | { readonly do: 'from-outside'; readonly packet: Packet }
  /** A socket (or the echo responder) has it; it came in by the device `iif`. */
  | {
      readonly do: 'delivered';
      readonly ns: WorldNamespace;
      readonly iif: string;
      readonly packet: Packet;
      /** Absent: the kernel itself, or one that is not known. */
      readonly socket?: Socket;
    }
  | { readonly do: 'end'; readonly stop: Stop | null }
  /** The budget is used up: nothing is concluded from how far it came. */
  | { readonly do: 'abandon' };
