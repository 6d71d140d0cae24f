/** netif_receive_skb: a frame comes in at a device. */
import type { Link } from '@netverdict/linux-net';
import { describe, type Frame } from '../packet/packet.ts';
import { linkDown } from '../path/egress.ts';
import { citeLink } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { stopUnread, unreadHost } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { bridgeReceive } from './bridge.ts';
import { attachedPrograms } from './programs.ts';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';

export function receive(walk: Walk, ns: WorldNamespace, link: Link, frame: Frame): Next {
  const { packet } = frame;
  const host = unreadHost(ns);
  if (host) return stopUnread(walk, ns, packet, host);
  if (!link.up) return linkDown(walk, ns, link, packet);
  walk.step(ns, {
    kind: 'ingress',
    text: `in by ${link.name}: ${describe(packet)}`,
    action: 'pass',
    detail: { dev: link.name },
    packet,
  });
  const program = attachedPrograms(walk, ns, link, 'ingress', packet);
  if (program) return program;
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
  if (frame.dstMac !== null && link.mac !== null && frame.dstMac !== link.mac && frame.dstMac !== BROADCAST)
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
