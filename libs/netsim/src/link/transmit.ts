/** dev_queue_xmit: out of a device, by its kind. */
import { assertNever, type IpAddress, type Link } from '@netverdict/linux-net';
import { needed } from '../neighbour/resolve.ts';
import { type Frame, scrub } from '../packet/packet.ts';
import { linkDown } from '../path/egress.ts';
import { citeLink } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { stopUnread, unreadHost } from '../world/facts.ts';
import { isUplink, peerOf, veth, type WorldNamespace } from '../world/world.ts';
import { bridgeTransmit } from './bridge.ts';
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
    return ontoWire(walk, ns, link, frame, nexthop);
  }
  const { detail } = link;
  switch (detail.kind) {
    case 'loopback':
      return { do: 'ip-receive', ns, iif: link, packet, prerouted: false, physIn: null };
    case 'veth':
      return throughVeth(walk, ns, link, frame);
    case 'bridge':
      return bridgeTransmit(walk, ns, link, frame);
    case 'vxlan':
      return encapsulate(walk, ns, link, detail, frame, nexthop);
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
    case 'physical':
    case 'tun':
    case 'macvlan':
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
  // is_skb_forwardable: a frame longer than the receiving end's MTU (and a VLAN tag) is thrown away in silence.
  if (packet.sizeBytes > peer.link.mtuBytes + 4)
    return walk.stop(
      peer.ns,
      packet,
      'too-big',
      { kind: 'too-big', link: peer.link, limitBytes: peer.link.mtuBytes, tunnel: null },
      `${packet.sizeBytes} bytes do not fit ${peer.link.name} (${peer.link.mtuBytes})`,
      {
        evidence: [citeLink(peer.ns, peer.link)],
        kind: 'ingress',
      },
    );
  walk.step(ns, { kind: 'egress', text: `out by ${link.name}`, action: 'pass', detail: { dev: link.name } });
  return {
    do: 'receive',
    ns: peer.ns,
    link: peer.link,
    frame: { ...frame, packet: scrub(packet, peer.ns.key !== ns.key) },
  };
}
