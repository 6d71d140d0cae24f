/** What connect() and sendto() do first: the device that the socket is bound to, and the address that it sends from. */
import type { IfIndex, IpAddress, Ipv4 } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { sysctl } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { routeFailure } from './input.ts';
import { flowKey, ofRawSocket } from './key.ts';
import { ownerOf, routeOut } from './output.ts';

export type Sender =
  | {
      readonly ok: true;
      readonly source: IpAddress;
      readonly oif: IfIndex | null;
      /** The kernel chose the source, after it had routed the packet without one. */
      readonly sourceChosen: boolean;
    }
  | { readonly ok: false; readonly next: Next };

/** `asked`: the address that the socket is bound to; null: none. */
export function chooseSource(walk: Walk, ns: WorldNamespace, packet: Packet, asked: IpAddress | null): Sender {
  const none = { kind: 'none', evidence: [] } as const;
  const name = walk.flow.device;
  const bound = name === undefined ? null : (ns.net.linkByName.get(name) ?? null);
  if (name !== undefined && !bound) return { ok: false, next: routeFailure(walk, ns, null, packet, none, 'ENODEV') };
  const oif = bound?.ifindex ?? null;
  if (asked !== null) {
    const own = walk.sees('route/source-is-own', ownerOf(ns, asked) !== null);
    if (own) return { ok: true, source: asked, oif, sourceChosen: false };
    const free =
      walk.sees('sysctl/ip_nonlocal_bind', Boolean(sysctl(ns, `net/${packet.family}/ip_nonlocal_bind`))) ||
      hasNeverHadAddress(ns, packet);
    if (free && packet.family === 'ipv6') return { ok: true, source: asked, oif, sourceChosen: false };
    // bind() refuses it; IPv4 that may bind to it still gets no route (FLOWI_FLAG_ANYSRC is for transparent sockets).
    const errno = free ? 'ENETUNREACH' : 'EADDRNOTAVAIL';
    return { ok: false, next: routeFailure(walk, ns, null, packet, none, errno) };
  }
  const asking = flowKey(packet, 'lo', bound);
  const raw = walk.flow.tcpFlags !== undefined;
  const key = { ...(raw ? ofRawSocket(asking) : asking), source: null };
  const found = routeOut(walk, ns, key, false);
  if (found.kind === 'unknown') return { ok: false, next: walk.unknown(ns, packet, found.missing) };
  if (found.kind === 'refused')
    return { ok: false, next: routeFailure(walk, ns, null, packet, found.result, found.errno) };
  // Without any address IPv4 sends from 0.0.0.0, which nobody takes.
  return { ok: true, source: found.source ?? (0 as Ipv4), oif, sourceChosen: true };
}

/** Without a local table bind() takes any IPv4 address for a broadcast one (__inet_dev_addr_type); not even loopback is up. */
const hasNeverHadAddress = ({ net }: WorldNamespace, { family }: Packet): boolean =>
  family === 'ipv4' && net.routes.ipv4.known && net.routes.ipv4.value.size === 0;
