/** The network between the nodes: who has the next hop's MAC or address gets the frame; all else is outside. */
import { formatIp, hostKey, type IpAddress, type Link } from '@netverdict/linux-net';
import type { Evidence } from '@netverdict/verdict';
import { needed, unavailable } from '../neighbour/resolve.ts';
import { type Frame, type Packet, scrub } from '../packet/packet.ts';
import { citeLink } from '../trace/evidence.ts';
import { OUTSIDE, WIRE } from '../trace/recorder.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { stopUnread, unreadHost } from '../world/facts.ts';
import { inAny, isUplink, type World, type WorldNamespace } from '../world/world.ts';

export function ontoWire(walk: Walk, ns: WorldNamespace, link: Link, frame: Frame, nexthop: IpAddress | null): Next {
  const { world } = walk;
  const target = nexthop ?? frame.packet.destination;
  walk.step(ns, () => ({
    kind: 'egress',
    text: `out by ${link.name} towards ${formatIp(target)}`,
    action: 'pass',
    detail: { dev: link.name },
  }));
  const byMac = frame.dstMac === null ? null : uplinkWithMac(world, ns, frame.dstMac);
  if (byMac) return arrive(walk, byMac.ns, byMac.link, frame);
  const node = world.nodeByAddress.get(target);
  if (node === undefined) return { do: 'outside', ns, link, packet: frame.packet, via: nexthop };
  const host = world.namespaces.get(hostKey(node));
  if (!host) {
    if (world.unavailable.has(node)) return unavailable(walk, ns, frame.packet, node);
    return needed(walk, ns, frame.packet, {
      kind: 'node',
      node,
      why: `it is the next hop on ${link.name} of ${ns.node}`,
    });
  }
  const unread = unreadHost(host);
  if (unread) return stopUnread(walk, ns, frame.packet, unread);
  // The node is known and has another MAC: a neighbour entry that is wrong sends the frame nowhere.
  if (frame.dstMac !== null && frame.dstMac !== BROADCAST)
    return walk.stop(
      WIRE,
      frame.packet,
      'unresolved-neighbour',
      { kind: 'frame-lost', link, mac: frame.dstMac, address: target },
      `nobody on the network of ${link.name} has the address ${frame.dstMac}`,
      {
        evidence: [citeLink(ns, link)],
        kind: 'wire',
        owner: ns,
      },
    );
  return enterNode(walk, host, frame.packet, target);
}

const BROADCAST = 'ff:ff:ff:ff:ff:ff';

function uplinkWithMac(world: World, from: WorldNamespace, mac: string): { ns: WorldNamespace; link: Link } | null {
  for (const ns of world.namespaces.values()) {
    if (ns.kind !== 'host' || ns.key === from.key) continue;
    for (const link of ns.net.linkByIndex.values())
      if (link.mac === mac && isUplink(world, ns, link)) return { ns, link };
  }
  return null;
}

function arrive(walk: Walk, ns: WorldNamespace, link: Link, frame: Frame): Next {
  walk.step(WIRE, () => ({
    kind: 'wire',
    text: `over the network to ${ns.node}`,
    action: 'pass',
    detail: { node: ns.node },
  }));
  return { do: 'receive', ns, link, frame: { ...frame, packet: scrub(frame.packet, true) } };
}

/** At the node's uplink that has the address, else at its first. */
export function enterNode(walk: Walk, host: WorldNamespace, packet: Packet, address: IpAddress): Next {
  const unread = unreadHost(host);
  if (unread) return stopUnread(walk, host, packet, unread);
  const uplinks = [...host.net.linkByIndex.values()].filter((l) => isUplink(walk.world, host, l));
  const link = uplinks.find((l) => host.net.addressesOn(l.ifindex).some((a) => a.address === address)) ?? uplinks[0];
  if (!link)
    return walk.unknown(host, packet, {
      kind: 'link',
      place: host.key,
      node: host.node,
      text: `which device joins ${host.node} to the other nodes is not known`,
      zh: `不知道 ${host.node} 通过哪个设备连接其他节点`,
      evidence: [],
    });
  return arrive(walk, host, link, { srcMac: null, dstMac: link.mac, packet });
}

/** What becomes of a packet that leaves the nodes: the network outside knows node addresses and its own, no pods. */
export function toOutside(walk: Walk, ns: WorldNamespace, link: Link, packet: Packet, via: IpAddress | null): Next {
  const { world } = walk;
  const { destination, source } = packet;
  const node = world.nodeByAddress.get(destination);
  if (node !== undefined) return towardsNode(walk, ns, node, packet);
  const lost = (target: 'pod' | 'service', text: string): Next =>
    walk.stop(OUTSIDE, packet, 'outside-no-route', { kind: 'outside-no-route', link, via, target }, text, {
      evidence: [citeLink(ns, link)],
      kind: 'wire',
      owner: ns,
    });
  if (isPodAddress(world, destination))
    return lost('pod', `${formatIp(destination)} is a pod's address: the network outside has no route to it`);
  if (inAny(world.map.serviceCidrs, destination) || isClusterIp(world, destination))
    return lost('service', `${formatIp(destination)} is a Service's address: the network outside has no route to it`);
  if (packet.payload)
    return walk.stop(
      OUTSIDE,
      packet,
      'tunnel-lost',
      { kind: 'vtep-unreachable', link, mac: packet.payload.frame.dstMac, dst: destination },
      `the tunnel's other end ${formatIp(destination)} is no node of the cluster`,
      {
        kind: 'wire',
        owner: ns,
      },
    );
  if (walk.direction === 'reply') return { do: 'delivered', ns, iif: '', packet };
  walk.step(OUTSIDE, () => ({
    kind: 'wire',
    text: `leaves the cluster for ${formatIp(destination)}`,
    action: 'pass',
    packet,
  }));
  if (isPodAddress(world, source) && !world.nodeByAddress.has(source)) {
    walk.direction = 'reply';
    return walk.stop(
      OUTSIDE,
      packet,
      'outside-no-route',
      { kind: 'outside-no-route', link, via, target: 'source' },
      `no answer: the source ${formatIp(source)} is a pod's address, to which the network outside has no route`,
      {
        evidence: [citeLink(ns, link)],
        kind: 'wire',
        owner: ns,
      },
    );
  }
  walk.exited = true;
  walk.left = packet;
  return { do: 'delivered', ns, iif: '', packet };
}

/** From outside to an address of the cluster. */
export function fromOutside(walk: Walk, packet: Packet): Next {
  const { world } = walk;
  const { destination } = packet;
  walk.step(OUTSIDE, () => ({
    kind: 'origin',
    text: `from outside the cluster to ${formatIp(destination)}`,
    action: 'pass',
    packet,
  }));
  const node = world.nodeByAddress.get(destination);
  if (node !== undefined) return towardsNode(walk, null, node, packet);
  const target = isPodAddress(world, destination)
    ? 'pod'
    : inAny(world.map.serviceCidrs, destination) || isClusterIp(world, destination)
      ? 'service'
      : 'private';
  if (target === 'private')
    return walk.unknown(OUTSIDE, packet, {
      kind: 'other',
      place: 'outside',
      node: null,
      text: `neither end of the connection is in the cluster: ${formatIp(destination)} is no address of it`,
      zh: `连接的两端都不在集群内:${formatIp(destination)} 不是集群的地址`,
      evidence: [],
    });
  const text = `${formatIp(destination)} is a ${target === 'pod' ? "pod's" : "Service's"} address: the network outside has no route to it`;
  return walk.stop(
    OUTSIDE,
    packet,
    'outside-no-route',
    { kind: 'outside-no-route', link: null, via: null, target },
    text,
    { kind: 'wire', evidence: [citeAddress(world, destination)] },
  );
}

/** No section says so, but the objects: whose address it is. */
function citeAddress(world: World, address: IpAddress): Evidence {
  const text = formatIp(address);
  const pod = world.map.pods.find((p) => p.addresses.includes(text));
  if (pod)
    return {
      section: null,
      kind: 'Pod',
      line: null,
      text: `${pod.namespace}/${pod.name}: podIP ${text}, node ${pod.node}`,
    };
  const service = world.map.services.find((s) => s.clusterIps.includes(text));
  if (service)
    return {
      section: null,
      kind: 'Service',
      line: null,
      text: `${service.namespace}/${service.name}: clusterIP ${text}`,
    };
  return {
    section: null,
    kind: 'Cluster',
    line: null,
    text: `pod CIDRs ${world.map.podCidrs.join(', ')}; Service CIDRs ${world.map.serviceCidrs.join(', ')}`,
  };
}

function towardsNode(walk: Walk, from: WorldNamespace | null, node: string, packet: Packet): Next {
  const host = walk.world.namespaces.get(hostKey(node));
  if (host) return enterNode(walk, host, packet, packet.destination);
  if (walk.world.unavailable.has(node)) return unavailable(walk, from ?? OUTSIDE, packet, node);
  return needed(walk, from ?? OUTSIDE, packet, { kind: 'node', node, why: 'the packet is sent to its address' });
}

const isPodAddress = (world: World, address: IpAddress): boolean =>
  world.podByAddress.has(address) ||
  (!world.nodeByAddress.has(address) &&
    (inAny(world.map.podCidrs, address) || world.map.nodes.some((n) => inAny(n.podCidrs, address))));

const isClusterIp = (world: World, address: IpAddress): boolean =>
  world.map.services.some((s) => s.clusterIps.includes(formatIp(address)));
