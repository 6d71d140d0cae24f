/** IPv4 packets to everybody of a subnet that a host takes as its own (RTCF_BROADCAST), and who answers them as whom. */
import { formatIp, type IpAddress, type Link } from '@netverdict/linux-net';
import { describe, type Packet } from '../packet/packet.ts';
import { flowKey } from '../route/key.ts';
import { addressType } from '../route/lookup.ts';
import { routeOut } from '../route/output.ts';
import { citeSysctl } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { sysctl } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';

export const isToEverybody = (ns: WorldNamespace, packet: Packet): boolean =>
  packet.family === 'ipv4' && addressType(ns, packet.destination) === 'broadcast';

const IGNORES = 'net/ipv4/icmp_echo_ignore_broadcasts';

/** icmp_rcv: an echo request to all is answered by those alone that were told to. */
export function ignoredEcho(walk: Walk, ns: WorldNamespace, packet: Packet): Next | null {
  if (!isToEverybody(ns, packet)) return null;
  const value = sysctl(ns, IGNORES) ?? 1;
  if (value === 0) return null;
  const text = `${formatIp(packet.destination)} is everybody, and ${IGNORES} = 1: echo requests to that are ignored`;
  const evidence = [citeSysctl(ns, IGNORES, '1')];
  return walk.stop(ns, packet, 'filtered-by-kernel', { kind: 'echo-ignored', sysctl: IGNORES }, text, { evidence });
}

/** A frame to everybody that carries TCP, which is spoken between two. */
export function notToAll(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet): Next {
  const text = `a frame to everybody of ${iif.name} carries TCP (${describe(packet)})`;
  return walk.stop(ns, packet, 'filtered-by-kernel', { kind: 'martian', iif, why: 'bad-destination' }, text);
}

/**
 * A socket may send to everybody on a link only if its program asked for that (SO_BROADCAST), which cannot be read from outside: it is
 * taken for one that did not (udp_sendmsg, ping_v4_sendmsg, raw_sendmsg), as is one that answers. TCP is spoken between two
 * (tcp_v4_connect). What the kernel itself sends, echo replies and SYN-ACKs among it, may.
 */
export function refusedToEverybody(walk: Walk, ns: WorldNamespace, packet: Packet): Next | null {
  if (packet.payload !== null || walk.grave !== null || walk.confirming) return null;
  if (walk.direction === 'reply' && packet.protocol !== 17) return null;
  if (!walk.sees('route/to-everybody', true)) return null;
  const connects = packet.protocol === 6 && walk.flow.tcpFlags === undefined;
  const errno = connects ? 'ENETUNREACH' : 'EACCES';
  const why = connects ? 'TCP is spoken between two' : 'which a socket may not without SO_BROADCAST';
  const text = `${formatIp(packet.destination)} is everybody on the link, ${connects ? 'and ' : ''}${why} (${errno})`;
  return walk.stop(ns, packet, 'rejected', { kind: 'to-everybody', errno }, text, { kind: 'socket', owner: ns });
}

/** Nobody answers as everybody: of its own addresses the host takes the one that it would send from (inet_bind, fib_compute_spec_dst). */
export function answersAs(walk: Walk, ns: WorldNamespace, packet: Packet): IpAddress {
  if (!isToEverybody(ns, packet)) return packet.destination;
  const back = { ...packet, source: packet.destination, destination: packet.source };
  const way = routeOut(walk, ns, { ...flowKey(back, 'lo', null), source: null }, false);
  return way.kind === 'route' ? (way.source ?? packet.destination) : packet.destination;
}
