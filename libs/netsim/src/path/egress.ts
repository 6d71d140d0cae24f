/** The last of the IP layer: size, POSTROUTING, neighbour, device (ip_output, ip_finish_output). */
import { formatIp, type IpAddress, type Link, type Route } from '@netverdict/linux-net';
import { resolveNeighbour } from '../neighbour/resolve.ts';
import { type Devices, NO_DEVICES } from '../netfilter/context.ts';
import { runHook } from '../netfilter/hook.ts';
import type { Packet } from '../packet/packet.ts';
import { cite, citeLink } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';

export interface Egress {
  readonly route: Route | null;
  readonly via: IpAddress | null;
  readonly out: Link;
  readonly iif: Link | null;
  readonly physIn: Link | null;
}

export function egress(walk: Walk, ns: WorldNamespace, e: Egress, packet: Packet): Next {
  const devices: Devices = { ...NO_DEVICES, oif: e.out, physIn: e.physIn, nexthop: e.via };
  const post = runHook({ walk, ns, hook: 'POSTROUTING', devices }, packet);
  if (!post.ok) return post.next;
  const tooBig = checkSize(walk, ns, e, post.packet);
  if (tooBig) return tooBig;
  const packetOut = cut(walk, ns, e, post.packet);
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

const limitOf = (e: Egress): number => Math.min(e.route?.mtuBytes ?? e.out.mtuBytes, e.out.mtuBytes);

/** Pieces that fit; the biggest stands for all. */
function cut(walk: Walk, ns: WorldNamespace, e: Egress, packet: Packet): Packet {
  const limitBytes = limitOf(e);
  if (packet.sizeBytes <= limitBytes) return packet;
  const text = `${packet.sizeBytes} bytes are cut to fit ${e.out.name} (${limitBytes})`;
  walk.step(ns, { kind: 'egress', text, action: 'change' });
  return { ...packet, sizeBytes: limitBytes };
}

/** The route's MTU, else the device's. Without DF the packet is cut up (IPv4) and goes on. */
export function checkSize(walk: Walk, ns: WorldNamespace, e: Egress, packet: Packet): Next | null {
  const limitBytes = limitOf(e);
  if (packet.sizeBytes <= limitBytes) return null;
  if (packet.family === 'ipv4' && !packet.dontFragment) return null;
  const routes = ns.net.state.routes4;
  const evidence = [citeLink(ns, e.out), ...(e.route?.mtuBytes ? [cite(routes, 'ip-route', e.route.evidence)] : [])];
  return walk.stop(
    ns,
    packet,
    'too-big',
    { kind: 'too-big', link: e.out, limitBytes, tunnel: e.out.detail.kind === 'vxlan' ? e.out : null },
    `${packet.sizeBytes} bytes do not fit ${e.out.name} (${limitBytes}), and the packet may not be cut`,
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
