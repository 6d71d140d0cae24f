/** The device that sockets take a packet to have come by, which for a host's packets to itself is not the loopback device alone. */
import type { IfIndex, Link } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import { ownerOf } from '../route/output.ts';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';

/**
 * The device that has the address: rt_iif of a local route (ip_route_output_key_hash_rcu, inet_iif), and what ipv6_rcv notes
 * (IP6CB(skb)->iif), "considered as if it is being arrived via the sending interface".
 */
export function deviceForSockets(ns: WorldNamespace, iif: Link, packet: Packet): IfIndex {
  if (!iif.loopback) return iif.ifindex;
  return ownerOf(ns, packet.destination)?.ifindex ?? iif.ifindex;
}

/**
 * Does the flow's socket take what comes by the device? tcp_v6_err, __udp4_lib_err and raw_icmp_error ask by the device itself;
 * raw6_icmp_error does not, whatever the protocol.
 */
export function heardBy(walk: Walk, ns: WorldNamespace, iifName: string, packet: Packet): boolean {
  const iif = ns.net.linkByName.get(iifName);
  const bound = walk.flow.device === undefined ? undefined : ns.net.linkByName.get(walk.flow.device);
  if (!bound || !iif || walk.flow.source.kind === 'external') return true;
  const about = packet.icmp?.about;
  const tcp = about?.protocol === 6 && walk.flow.tcpFlags === undefined;
  const byDevice = about !== undefined && (packet.family === 'ipv4') === !tcp;
  const by = byDevice ? iif.ifindex : deviceForSockets(ns, iif, packet);
  return walk.sees('socket/answer-device', by === bound.ifindex);
}
