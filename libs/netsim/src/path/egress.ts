/** The last of the IP layer: size, POSTROUTING, neighbour, device (ip_output, ip_finish_output). */
import { formatIp, type IpAddress, type Link, type Route } from '@netverdict/linux-net';
import { confirmEntry } from '../conntrack/confirm.ts';
import { resolveNeighbour } from '../neighbour/resolve.ts';
import { type Devices, NO_DEVICES } from '../netfilter/context.ts';
import { isIdle, runHook } from '../netfilter/hook.ts';
import { lengthOf, type Packet } from '../packet/packet.ts';
import { refusesOverLoopback } from '../route/over-loopback.ts';
import { cite, citeLink } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { confOf } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { cutTo } from './pieces.ts';

export interface Egress {
  readonly route: Route | null;
  readonly via: IpAddress | null;
  readonly out: Link;
  readonly iif: Link | null;
  readonly physIn: Link | null;
  /** Realms of the route; absent: none. */
  readonly realms?: number | null | undefined;
}

export function egress(walk: Walk, ns: WorldNamespace, e: Egress, packet: Packet): Next {
  if (refusesOverLoopback(e.route, e.out, packet)) {
    const cause = { kind: 'route-error', route: e.route, type: 'unreachable' } as const;
    const text = `route: to ${e.out.name} leads to nobody, and IPv6 refuses what is sent there`;
    return walk.stop(ns, packet, 'rejected', cause, text, { kind: 'route' });
  }
  let current = packet;
  if (!isIdle(ns, packet, 'POSTROUTING')) {
    const devices: Devices = {
      ...NO_DEVICES,
      // The device it came in by is still known here (Linux 5.7, "Support iif matches in POSTROUTING").
      iif: e.iif,
      oif: e.out,
      physIn: e.physIn,
      nexthop: e.via,
      forwarded: e.iif !== null,
      realms: e.realms,
    };
    const post = runHook({ walk, ns, hook: 'POSTROUTING', devices }, packet);
    if (!post.ok) return post.next;
    current = post.packet;
  }
  const clash = confirmEntry(walk, ns, current);
  if (clash) return clash;
  const tooBig = checkSize(walk, ns, e, current);
  if (tooBig) return tooBig;
  const packetOut = cut(walk, ns, e, current);
  const nexthop = e.via ?? packetOut.destination;
  if (e.out.loopback)
    return { do: 'transmit', ns, link: e.out, frame: { srcMac: null, dstMac: null, packet: packetOut }, nexthop };
  if (!e.out.up) return linkDown(walk, ns, e.out, packetOut);
  const neighbour = resolveNeighbour(walk, ns, e.out, nexthop, packetOut);
  if (!neighbour.ok) return neighbour.next;
  return {
    do: 'transmit',
    ns,
    link: e.out,
    frame: { srcMac: e.out.mac, dstMac: neighbour.mac, packet: packetOut },
    nexthop,
  };
}

/**
 * What fits: the route's MTU where it has one, even a larger one than its device's (ip_dst_mtu_maybe_forward, ip6_mtu); else
 * IPv6's own setting of the device, else the device's.
 */
export function limitOf(ns: WorldNamespace, e: Egress, family: Packet['family']): number {
  if (e.route?.mtuBytes) return e.route.mtuBytes;
  if (family === 'ipv4') return e.out.mtuBytes;
  return confOf(ns, 'ipv6', e.out.name, 'mtu') ?? e.out.mtuBytes;
}

/**
 * What IPv6 forwards: of a route's MTU it asks before FORWARD only where that is locked (ip6_dst_mtu_maybe_forward), and of any once
 * POSTROUTING is behind (ip6_finish_output).
 */
export const askedBeforeForward = (e: Egress, family: Packet['family']): Egress =>
  family === 'ipv4' || e.route?.mtuLocked ? e : { ...e, route: null };

function cut(walk: Walk, ns: WorldNamespace, e: Egress, packet: Packet): Packet {
  const limitBytes = limitOf(ns, e, packet.family);
  if (lengthOf(packet) <= limitBytes) return packet;
  const text = `${packet.sizeBytes} bytes are cut into pieces that fit ${e.out.name} (${limitBytes})`;
  walk.step(ns, () => ({ kind: 'egress', text, action: 'change' }));
  return cutTo(limitBytes, packet);
}

/**
 * Only IPv4 without DF is cut on its way, and what was put together there; IPv6 by its sender alone, which may forbid it as well
 * (IPV6_DONTFRAG) and does not for a tunnel (skb_scrub_packet clears ignore_df).
 */
export function checkSize(walk: Walk, ns: WorldNamespace, e: Egress, packet: Packet): Next | null {
  const limitBytes = limitOf(ns, e, packet.family);
  const length = lengthOf(packet);
  if (length <= limitBytes) return null;
  const own = e.iif === null && packet.payload === null;
  const mayCut = !packet.dontFragment && (packet.family === 'ipv4' || own || packet.mayBeCut === true);
  if (walk.sees(e.route?.mtuBytes ? 'mtu/route' : 'mtu/device', mayCut)) return null;
  const routes = packet.family === 'ipv4' ? ns.net.state.routes4 : ns.net.state.routes6;
  const kind = packet.family === 'ipv4' ? 'ip-route' : 'ip-route6';
  const evidence = [citeLink(ns, e.out), ...(e.route?.mtuBytes ? [cite(routes, kind, e.route.evidence)] : [])];
  return walk.stop(
    ns,
    packet,
    'too-big',
    {
      kind: 'too-big',
      link: e.out,
      limitBytes,
      tunnel: e.out.detail.kind === 'vxlan' ? e.out : null,
      ...(e.route?.mtuBytes ? { route: e.route } : {}),
    },
    `${length} bytes do not fit ${e.out.name} (${limitBytes}), and the packet may not be cut`,
    { evidence, kind: 'egress' },
  );
}

export function linkDown(walk: Walk, ns: WorldNamespace, link: Link, packet: Packet): Next {
  const reason = link.up ? 'no-carrier' : 'admin-down';
  return walk.stop(
    ns,
    packet,
    'link-down',
    { kind: 'link-down', link, reason },
    `${link.name} ${link.up ? 'has no carrier' : 'is down'} (${formatIp(packet.destination)})`,
    {
      evidence: [citeLink(ns, link)],
      kind: 'egress',
    },
  );
}
