/** Which socket takes the packet (inet_lookup_listener, udp4_lib_lookup): protocol, port, address, device, family. */
import { familyOf, type IpAddress, type Ipv4, type Socket } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import { isLoopback } from '../route/lookup.ts';

export type ListenerResult =
  | { readonly kind: 'found'; readonly socket: Socket }
  /** One has the port, but on 127.0.0.1 or ::1. */
  | { readonly kind: 'loopback-only'; readonly socket: Socket }
  | { readonly kind: 'none' };

export function findListener(sockets: readonly Socket[], packet: Packet, dev: number): ListenerResult {
  const protocol = packet.protocol === 6 ? 'tcp' : 'udp';
  const candidates = sockets.filter(
    (s) =>
      s.protocol === protocol && s.local.port === packet.dport && (s.state === 'listen' || s.state === 'unconnected'),
  );
  const connected = sockets.find(
    (s) =>
      protocol === 'udp' &&
      s.protocol === 'udp' &&
      s.local.port === packet.dport &&
      s.remote !== null &&
      plain(s.remote.address) === packet.source &&
      s.remote.port === packet.sport &&
      plain(s.local.address) === packet.destination,
  );
  if (connected) return { kind: 'found', socket: connected };
  for (const socket of candidates)
    if ((socket.dev === null || socket.dev === 0 || socket.dev === dev) && takes(socket, packet.destination))
      return { kind: 'found', socket };
  const loopback = candidates.find((s) => isLoopback(plain(s.local.address)));
  return loopback ? { kind: 'loopback-only', socket: loopback } : { kind: 'none' };
}

/** An IPv6 wildcard socket takes IPv4 too unless IPV6_V6ONLY; where that was not read, the default (off) is taken. */
function takes(socket: Socket, destination: IpAddress): boolean {
  const local = plain(socket.local.address);
  if (local === destination) return true;
  if (socket.family === 'ipv4') return local === 0 && familyOf(destination) === 'ipv4';
  if (local !== 0n) return false;
  return familyOf(destination) === 'ipv6' || socket.v6only !== true;
}

/** ::ffff:10.0.0.1 is 10.0.0.1. */
function plain(address: IpAddress): IpAddress {
  if (typeof address === 'bigint' && address >> 32n === 0xffffn) return Number(address & 0xffffffffn) as Ipv4;
  return address;
}
