/** dev_queue_xmit: out of a device, by its kind. */
import { assertNever, type IpAddress, type Link, type LinkDetail } from '@netverdict/linux-net';
import { needed } from '../neighbour/resolve.ts';
import { writeSums } from '../packet/checksum.ts';
import { type Frame, lengthOf, type Packet, scrub } from '../packet/packet.ts';
import { linkDown } from '../path/egress.ts';
import { citeLink } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { stopUnread, unreadHost } from '../world/facts.ts';
import { isUplink, lowerOf, peerOf, veth, type WorldNamespace } from '../world/world.ts';
import { bridgeTransmit } from './bridge.ts';
import { siblingsThatHear } from './macvlan.ts';
import { attachedPrograms } from './programs.ts';
import { encapsulate } from './vxlan.ts';
import { ontoWire } from './wire.ts';

export function transmit(walk: Walk, ns: WorldNamespace, link: Link, frame: Frame, nexthop: IpAddress | null): Next {
  const { packet } = frame;
  if (!link.up) return linkDown(walk, ns, link, packet);
  const program = attachedPrograms(walk, ns, link, 'egress', packet);
  if (program) return program;
  if (isUplink(walk.world, ns, link)) {
    if (!link.carrier) return linkDown(walk, ns, link, packet);
    return ontoWire(walk, ns, link, { ...frame, packet: writeSums(packet) }, nexthop);
  }
  const { detail } = link;
  if (carries(detail.kind) && !walk.sees(`link/${detail.kind}`, true))
    return walk.stop(
      ns,
      packet,
      'dropped',
      { kind: 'frame-lost', link, mac: frame.dstMac ?? '', address: nexthop },
      `${link.name} carries nothing`,
      { evidence: [citeLink(ns, link)], kind: 'egress' },
    );
  switch (detail.kind) {
    case 'loopback':
      return { do: 'ip-receive', ns, iif: link, packet: writeSums(packet), prerouted: false, physIn: null };
    case 'veth':
      return throughVeth(walk, ns, link, frame);
    case 'bridge':
      return bridgeTransmit(walk, ns, link, { ...frame, packet: writeSums(packet) });
    case 'vxlan':
      return encapsulate(walk, ns, link, detail, { ...frame, packet: writeSums(packet) }, nexthop);
    case 'dummy':
      return walk.stop(
        ns,
        packet,
        'dropped',
        { kind: 'frame-lost', link, mac: frame.dstMac ?? '', address: nexthop },
        `${link.name} is a dummy device: what is sent there is gone`,
        {
          evidence: [citeLink(ns, link)],
          kind: 'egress',
        },
      );
    case 'macvlan':
      return throughMacvlan(walk, ns, link, frame, nexthop);
    case 'physical':
    case 'tun':
    case 'vlan':
    case 'other':
      return walk.unknown(ns, packet, {
        kind: 'link',
        place: ns.key,
        node: ns.node,
        text: `where device ${link.name} (${detail.kind === 'other' ? detail.name : detail.kind}) leads to is not modelled`,
        zh: `尚不支持设备 ${link.name}(${detail.kind === 'other' ? detail.name : detail.kind}),不知道它通向哪里`,
        evidence: [citeLink(ns, link)],
      });
    default:
      return assertNever(detail);
  }
}

const CARRYING = ['loopback', 'veth', 'bridge', 'vxlan', 'macvlan'] as const;
const carries = (kind: LinkDetail['kind']): kind is (typeof CARRYING)[number] =>
  (CARRYING as readonly string[]).includes(kind);

/** macvlan_queue_xmit: to another macvlan of the parent, else out of the parent. */
function throughMacvlan(walk: Walk, ns: WorldNamespace, link: Link, frame: Frame, nexthop: IpAddress | null): Next {
  const lower = lowerOf(walk.world, ns, link);
  if (lower.kind === 'not-collected')
    return needed(walk, ns, frame.packet, {
      kind: 'netns',
      node: ns.node,
      inode: lower.inode,
      why: `the device below ${link.name}`,
    });
  if (lower.kind === 'unknown')
    return walk.unknown(ns, frame.packet, {
      kind: 'link',
      place: ns.key,
      node: ns.node,
      text: `the device below ${link.name} is not known`,
      zh: `不知道 ${link.name} 的下层设备`,
      evidence: [citeLink(ns, link)],
    });
  // macvlan takes its parent's state (netif_stacked_transfer_operstate); a device without a carrier loses what is sent by it (noop_qdisc).
  if (!lower.link.up) return linkDown(walk, lower.ns, lower.link, frame.packet);
  if (!link.carrier) return linkDown(walk, ns, link, frame.packet);
  walk.step(ns, () => ({ kind: 'egress', text: `out by ${link.name}`, action: 'pass', detail: { dev: link.name } }));
  const [sibling] = frame.dstMac === null ? [] : siblingsThatHear(walk, ns, link, lower, frame.dstMac);
  const crosses = lower.ns.key !== ns.key;
  if (sibling) {
    const tooBig = exceeds(walk, lower.ns, lower.link, frame.packet);
    if (tooBig) return tooBig;
    return { do: 'receive', ns: lower.ns, link: lower.link, frame: { ...frame, packet: scrub(frame.packet, crosses) } };
  }
  return { do: 'transmit', ns: lower.ns, link: lower.link, frame, nexthop };
}

/** is_skb_forwardable: a frame longer than the receiving end's MTU (and a VLAN tag) is thrown away in silence. */
function exceeds(walk: Walk, ns: WorldNamespace, link: Link, packet: Packet): Next | null {
  const limitBytes = link.mtuBytes + VLAN_TAG;
  const fits = lengthOf(packet) <= limitBytes;
  if (fits || walk.sees('mtu/receiving-device', fits)) return null;
  return walk.stop(
    ns,
    packet,
    'too-big',
    { kind: 'too-big', link, limitBytes, tunnel: null, silent: true },
    `${lengthOf(packet)} bytes do not fit ${link.name} (${link.mtuBytes})`,
    { evidence: [citeLink(ns, link)], kind: 'ingress' },
  );
}

const VLAN_TAG = 4;

function throughVeth(walk: Walk, ns: WorldNamespace, link: Link, frame: Frame): Next {
  const { packet } = frame;
  const peer = veth(walk.world, ns, link);
  if (peer.kind === 'not-collected') {
    const pod = walk.world.podByAddress.get(packet.destination);
    if (pod && pod.node === ns.node && !walk.world.namespaces.has(`${ns.node}/pod/${pod.namespace}/${pod.name}`))
      return needed(walk, ns, packet, {
        kind: 'pod',
        node: ns.node,
        namespace: pod.namespace,
        pod: pod.name,
        why: `the other end of ${link.name}`,
      });
    return needed(walk, ns, packet, {
      kind: 'netns',
      node: ns.node,
      inode: peer.inode,
      why: `the other end of ${link.name}`,
    });
  }
  const behind = peer.kind === 'unknown' ? peerOf(walk.world, ns, link) : null;
  const unread = behind && unreadHost(behind);
  if (unread) return stopUnread(walk, unread.ns, packet, unread);
  const { netnsIds } = ns.net.state;
  if (peer.kind === 'unknown' && !netnsIds.known)
    return stopUnread(walk, ns, packet, { ns, part: netnsIds, kind: 'netns-ids' });
  if (peer.kind === 'unknown')
    return walk.unknown(ns, packet, {
      kind: 'link',
      place: ns.key,
      node: ns.node,
      text: `the other end of ${link.name} is not known`,
      zh: `不知道 ${link.name} 的另一端是谁`,
      evidence: [citeLink(ns, link)],
    });
  if (!peer.link.up)
    return walk.stop(
      peer.ns,
      packet,
      'link-down',
      { kind: 'link-down', link: peer.link, reason: 'admin-down' },
      `${peer.link.name} is down`,
      {
        evidence: [citeLink(peer.ns, peer.link), citeLink(ns, link)],
        kind: 'ingress',
      },
    );
  const tooBig = exceeds(walk, peer.ns, peer.link, packet);
  if (tooBig) return tooBig;
  walk.step(ns, () => ({ kind: 'egress', text: `out by ${link.name}`, action: 'pass', detail: { dev: link.name } }));
  const { srcMac, dstMac } = frame;
  return {
    do: 'receive',
    ns: peer.ns,
    link: peer.link,
    frame: { srcMac, dstMac, packet: scrub(packet, peer.ns.key !== ns.key) },
  };
}
