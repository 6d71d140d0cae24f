/**
 * Which socket takes the packet (inet_lookup_listener, inet6_lookup_listener, udp4_lib_lookup, udp6_lib_lookup): of those bound
 * to the very address the one with the highest score, else of those bound to any address.
 */
import { familyOf, type IpAddress, type Ipv4, type Socket } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import { isLoopback } from '../route/lookup.ts';
import type { Walk } from '../walk/walk.ts';

export type ListenerResult =
  | { readonly kind: 'found'; readonly socket: Socket }
  /** One has the port, but on 127.0.0.1 or ::1. */
  | { readonly kind: 'loopback-only'; readonly socket: Socket }
  | { readonly kind: 'none' };

export function findListener(walk: Walk, sockets: readonly Socket[], packet: Packet, dev: number): ListenerResult {
  const protocol = packet.protocol === 6 ? 'tcp' : packet.protocol === 132 ? 'sctp' : 'udp';
  const candidates = sockets.filter(
    (s) => s.protocol === protocol && s.local.port === packet.dport && receives(s) && speaks(walk, s, packet),
  );
  const any = packet.family === 'ipv4' ? 0 : 0n;
  for (const address of [packet.destination, any]) {
    let best: { readonly socket: Socket; readonly score: number } | null = null;
    for (const socket of candidates) {
      if (boundTo(socket, packet) !== address) continue;
      const score = scoreOf(walk, socket, packet, dev);
      if (score !== null && score > (best?.score ?? -1)) best = { socket, score };
    }
    if (best && walk.sees(address === any ? 'socket/wildcard' : 'socket/bound-address', true))
      return { kind: 'found', socket: best.socket };
  }
  const loopback = candidates.find((s) => isLoopback(plain(s.local.address)));
  return loopback ? { kind: 'loopback-only', socket: loopback } : { kind: 'none' };
}

const receives = (s: Socket): boolean => s.state === 'listen' || s.state === 'unconnected' || s.protocol !== 'tcp';

/** An IPv6 socket takes IPv4 too unless IPV6_V6ONLY; where that was not read, the default (off) is taken. */
function speaks(walk: Walk, socket: Socket, packet: Packet): boolean {
  if (socket.family === packet.family) return !(isMapped(socket.local.address) && packet.family === 'ipv6');
  if (socket.family === 'ipv4') return false;
  return socket.v6only === null ? true : walk.sees('socket/v6only', !socket.v6only);
}

/** sk_rcv_saddr of an IPv6 socket: the IPv4 address of ::ffff:a.b.c.d, any for ::, and none else. */
function boundTo({ local }: Socket, packet: Packet): IpAddress | null {
  const address = plain(local.address);
  if (familyOf(address) === packet.family) return address;
  return address === 0n ? (0 as Ipv4) : null;
}

/** compute_score; null: it does not take the packet. */
function scoreOf(walk: Walk, socket: Socket, packet: Packet, dev: number): number | null {
  let score = socket.family === 'ipv4' ? 2 : 1;
  if (socket.dev !== null && socket.dev !== 0) {
    if (!walk.sees('socket/bound-device', socket.dev === dev)) return null;
    score += 4;
  }
  if (socket.remote !== null) {
    const { address, port } = socket.remote;
    const from = plain(address) === packet.source && (port === 0 || port === packet.sport);
    if (!walk.sees('socket/connected', from)) return null;
    score += 8;
  }
  return score;
}

const isMapped = (address: IpAddress): boolean => typeof address === 'bigint' && address >> 32n === 0xffffn;

/** ::ffff:10.0.0.1 is 10.0.0.1. */
function plain(address: IpAddress): IpAddress {
  if (typeof address === 'bigint' && isMapped(address)) return Number(address & 0xffffffffn) as Ipv4;
  return address;
}
