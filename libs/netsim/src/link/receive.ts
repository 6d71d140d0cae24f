/** netif_receive_skb: a frame comes in at a device. */
import type { Link, Mac } from '@netverdict/linux-net';
import { describe, type Frame, scrub } from '../packet/packet.ts';
import { linkDown } from '../path/egress.ts';
import { citeLink } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { stopUnread, unreadHost } from '../world/facts.ts';
import { upperOf, type WorldNamespace } from '../world/world.ts';
import { bridgeReceive } from './bridge.ts';
import { macvlansThatHear } from './macvlan.ts';
import { attachedPrograms } from './programs.ts';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';

export function receive(walk: Walk, ns: WorldNamespace, link: Link, arrived: Frame): Next {
  const seen = { source: arrived.srcMac, destination: arrived.dstMac, cast: castOf(arrived.dstMac, link) };
  const packet = { ...arrived.packet, frame: seen };
  const frame: Frame = { srcMac: arrived.srcMac, dstMac: arrived.dstMac, packet };
  const host = unreadHost(ns);
  if (host) return stopUnread(walk, ns, packet, host);
  if (!link.up) return linkDown(walk, ns, link, packet);
  walk.step(ns, () => ({
    kind: 'ingress',
    text: `in by ${link.name}: ${describe(packet)}`,
    action: 'pass',
    detail: { dev: link.name },
    packet,
  }));
  const program = attachedPrograms(walk, ns, link, 'ingress', packet);
  if (program) return program;
  const macvlan = upToMacvlan(walk, ns, link, frame);
  if (macvlan) return macvlan;
  if (link.master !== null) {
    const master = ns.net.linkByIndex.get(link.master);
    if (master?.detail.kind === 'bridge') return bridgeReceive(walk, ns, master, link, frame);
    return walk.unknown(ns, packet, {
      kind: 'link',
      place: ns.key,
      node: ns.node,
      text: `device ${link.name} belongs to ${master?.name ?? 'a device'} of a kind that is not modelled`,
      zh: `设备 ${link.name} 从属于 ${master?.name ?? '某个设备'},其类型尚未支持`,
      evidence: [citeLink(ns, link)],
    });
  }
  const ours =
    frame.dstMac === null ||
    link.mac === null ||
    frame.dstMac === link.mac ||
    frame.dstMac === BROADCAST ||
    isGroupMac(frame.dstMac);
  if (!ours && !walk.sees('link/other-host', false))
    return walk.stop(
      ns,
      packet,
      'misdelivered',
      { kind: 'not-for-us', iif: link, mac: frame.dstMac },
      `the frame is for ${frame.dstMac}, not for ${link.name} (${link.mac})`,
      {
        evidence: [citeLink(ns, link)],
        kind: 'ingress',
      },
    );
  return { do: 'ip-receive', ns, iif: link, packet, prerouted: false, physIn: null };
}

/** eth_type_trans: skb->pkt_type. */
function castOf(mac: Mac | null, link: Link): 'host' | 'broadcast' | 'multicast' | 'otherhost' {
  if (mac === null || link.mac === null || mac === link.mac) return 'host';
  if (mac === BROADCAST) return 'broadcast';
  return isGroupMac(mac) ? 'multicast' : 'otherhost';
}

const isGroupMac = (mac: Mac): boolean => (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;

/** macvlan_handle_frame: what is for a macvlan's address goes to it, in whichever namespace it is. */
function upToMacvlan(walk: Walk, ns: WorldNamespace, link: Link, frame: Frame): Next | null {
  if (frame.dstMac === null || isGroupMac(frame.dstMac)) return null;
  const uppers = upperOf(walk.world, ns, link);
  if (uppers.length === 0) return null;
  const cast = { from: frame.srcMac, to: frame.dstMac, wanted: null };
  const { by, only } = macvlansThatHear(walk, { ns, link }, uppers, cast);
  const [upper] = by;
  // Its mark stays on it, also in another namespace.
  if (upper)
    return { do: 'receive', ns: upper.ns, link: upper.link, frame: { ...frame, packet: scrub(frame.packet, false) } };
  if (!only) return null;
  return walk.stop(
    ns,
    frame.packet,
    'dropped',
    { kind: 'frame-lost', link, mac: frame.dstMac, address: frame.packet.destination },
    `the macvlans of ${link.name} do not take the frame for ${frame.dstMac}`,
    { evidence: [citeLink(ns, link)], kind: 'ingress' },
  );
}
