/** Who is on the same link: the devices that a frame sent out of a device can reach without routing. */
import {
  formatIp,
  hostKey,
  type IpAddress,
  type Link,
  type Need,
  parsePrefix,
  prefixContains,
} from '@netverdict/linux-net';
import { maxConf, sysctl, type Unread, unreadHost, unreadSysctls } from '../world/facts.ts';
import { inAny, isUplink, nodeOfPodAddress, peerOf, veth, type World, type WorldNamespace } from '../world/world.ts';

export interface Member {
  readonly ns: WorldNamespace;
  /** The device that takes the frame: a veth end, a bridge, a node's uplink. */
  readonly link: Link;
}

export interface Domain {
  readonly members: readonly Member[];
  /** The network between the nodes is part of it. */
  readonly wire: boolean;
  /** Inodes of namespaces on the other end of a veth that were not collected. */
  readonly missing: readonly number[];
  /** Ends that cannot be told at all. */
  readonly unknown: boolean;
  /** Namespaces on the link that were collected, but whose devices or addresses could not be read. */
  readonly unread: readonly Unread[];
}

export function domainOf(world: World, ns: WorldNamespace, out: Link): Domain {
  const members: Member[] = [];
  const missing: number[] = [];
  const unread: Unread[] = [];
  const note = (host: WorldNamespace | null): void => {
    const part = host && unreadHost(host);
    if (part) unread.push(part);
  };
  const seen = new Set<string>();
  let wire = false;
  let unknown = false;
  const leave = (from: WorldNamespace, link: Link): void => {
    const id = `${from.key} ${link.ifindex}`;
    if (seen.has(id)) return;
    seen.add(id);
    if (link.detail.kind === 'bridge') {
      for (const port of portsOf(from, link)) leave(from, port);
      return;
    }
    if (isUplink(world, from, link)) {
      wire = true;
      for (const other of world.namespaces.values())
        if (other.kind === 'host' && other.key !== from.key) {
          note(other);
          for (const up of other.net.linkByIndex.values()) if (isUplink(world, other, up)) arrive(other, up);
        }
      return;
    }
    if (link.detail.kind !== 'veth') {
      unknown ||= link.detail.kind !== 'vxlan' && link.detail.kind !== 'dummy' && link.detail.kind !== 'loopback';
      return;
    }
    const peer = veth(world, from, link);
    note(peerOf(world, from, link));
    if (peer.kind === 'found') arrive(peer.ns, peer.link);
    else if (peer.kind === 'not-collected') missing.push(peer.inode);
    else unknown = true;
  };
  const arrive = (at: WorldNamespace, link: Link): void => {
    const master = link.master === null ? undefined : at.net.linkByIndex.get(link.master);
    if (master?.detail.kind !== 'bridge') {
      members.push({ ns: at, link });
      seen.add(`${at.key} ${link.ifindex}`);
      return;
    }
    seen.add(`${at.key} ${link.ifindex}`);
    members.push({ ns: at, link: master });
    for (const port of portsOf(at, master)) if (port !== link) leave(at, port);
  };
  leave(ns, out);
  return { members, wire, missing, unknown, unread };
}

export const portsOf = (ns: WorldNamespace, bridge: Link): readonly Link[] =>
  [...ns.net.linkByIndex.values()].filter((link) => link.master === bridge.ifindex);

export type Answerer =
  /** `rivals`: others who have the same address and answer as well; the first answer counts. */
  | { readonly kind: 'member'; readonly member: Member; readonly rivals: readonly Member[] }
  /** It is there, but its device is down. */
  | { readonly kind: 'down'; readonly member: Member }
  | { readonly kind: 'nobody' }
  /** A router or host outside the cluster's nodes. */
  | { readonly kind: 'outside' }
  | { readonly kind: 'need'; readonly need: Need }
  | { readonly kind: 'unavailable'; readonly node: string }
  /** It may be one whose devices, addresses or switches were not read. */
  | { readonly kind: 'unread'; readonly unread: Unread }
  | { readonly kind: 'unknown' };

/** Who would answer an ARP (ND) request for the address that is sent out of `out`. */
export function whoAnswers(world: World, ns: WorldNamespace, out: Link, address: IpAddress): Answerer {
  const answer = whoIsKnownToAnswer(world, ns, out, address);
  // A namespace that nobody collected is asked for last: one that was, and could not be read, may be the one.
  const open = answer.kind === 'need' && answer.need.kind === 'netns';
  if (answer.kind !== 'nobody' && answer.kind !== 'unknown' && !open) return answer;
  const { members, unread } = domainOf(world, ns, out);
  const silent = unread[0] ?? members.map((m) => unreadOf(m)).find((part) => part !== null);
  return silent ? { kind: 'unread', unread: silent } : answer;
}

/** What says whether the member answers for addresses that are not its own. */
function unreadOf({ ns }: Member): Unread | null {
  const { neighbours } = ns.net.state;
  return unreadSysctls(ns) ?? (neighbours.known ? null : { ns, part: neighbours, kind: 'ip-neigh' });
}

function whoIsKnownToAnswer(world: World, ns: WorldNamespace, out: Link, address: IpAddress): Answerer {
  const domain = domainOf(world, ns, out);
  // A device that does no ARP takes no request (arp_rcv).
  const owners = domain.members.filter(
    (m) => m.ns.net.own.has(address) && !m.link.noarp && !ignoresArp(m, address, ns, out),
  );
  const [first, ...rest] = owners.filter((m) => m.link.up);
  if (first) return { kind: 'member', member: first, rivals: rest.filter((m) => m.ns !== first.ns) };
  if (owners[0]) return { kind: 'down', member: owners[0] };
  for (const member of domain.members)
    if (member.link.up && answersForOthers(member, address)) return { kind: 'member', member, rivals: [] };
  const pod = world.podByAddress.get(address);
  if (
    pod &&
    pod.node === ns.node &&
    domain.missing.length > 0 &&
    !podCollected(world, pod.node, pod.namespace, pod.name)
  )
    return {
      kind: 'need',
      need: {
        kind: 'pod',
        node: pod.node,
        namespace: pod.namespace,
        pod: pod.name,
        why: `it owns the next hop on ${out.name}`,
      },
    };
  if (domain.wire) {
    const node = world.nodeByAddress.get(address) ?? (pod ? null : nodeOfPodAddress(world, address));
    if (node && node !== ns.node && !world.namespaces.has(hostKey(node))) {
      if (world.unavailable.has(node)) return { kind: 'unavailable', node };
      return { kind: 'need', need: { kind: 'node', node, why: `it owns the next hop on ${out.name} of ${ns.node}` } };
    }
    const clusters =
      pod || inAny(world.map.podCidrs, address) || inAny(world.map.serviceCidrs, address) || node !== null;
    return clusters ? { kind: 'nobody' } : { kind: 'outside' };
  }
  const inode = domain.missing[0];
  if (inode !== undefined && domain.members.length === 0)
    return { kind: 'need', need: { kind: 'netns', node: ns.node, inode, why: `the other end of ${out.name}` } };
  return domain.unknown ? { kind: 'unknown' } : { kind: 'nobody' };
}

const podCollected = (world: World, node: string, namespace: string, name: string): boolean =>
  world.namespaces.has(`${node}/pod/${namespace}/${name}`);

/** arp_ignore (net/ipv4/arp.c): by default a host answers on any device for each of its addresses. */
function ignoresArp({ ns, link }: Member, address: IpAddress, asking: WorldNamespace, out: Link): boolean {
  if (typeof address !== 'number') return false;
  const here = ns.net.addressesOn(link.ifindex).filter((a) => a.address === address);
  switch (maxConf(ns, link, 'arp_ignore') ?? 0) {
    case 0:
      return false;
    case 1:
      return here.length === 0;
    case 2: {
      // Only to one who asks from the same subnet (arp_solicit takes an address of the device that it asks on).
      const senders = asking.net.addressesOn(out.ifindex).map((a) => a.address);
      return !here.some((a) => {
        const subnet = parsePrefix(`${formatIp(a.address)}/${a.prefixLength}`);
        return subnet.ok && senders.some((sender) => prefixContains(subnet.value, sender));
      });
    }
    case 8:
      return true;
    default:
      return false;
  }
}

/** proxy_arp on the device, or an entry of `ip neigh add proxy`. */
function answersForOthers({ ns, link }: Member, address: IpAddress): boolean {
  const { neighbours } = ns.net.state;
  if (neighbours.known && neighbours.value.some((n) => n.proxy && n.dev === link.ifindex && n.address === address))
    return true;
  const name = typeof address === 'number' ? 'ipv4' : 'ipv6';
  const knob = name === 'ipv4' ? 'proxy_arp' : 'proxy_ndp';
  if (!sysctl(ns, `net/${name}/conf/${link.name}/${knob}`) && !sysctl(ns, `net/${name}/conf/all/${knob}`)) return false;
  // It answers when its own route to the address leaves by another device (arp_process).
  const tables = ns.net.routes[name];
  if (!tables.known) return false;
  for (const table of [255, 254, 253])
    for (const route of tables.value.get(table)?.matching(address) ?? []) {
      if (route.type !== 'unicast') return false;
      return route.nexthops.some((hop) => hop.dev !== null && hop.dev !== link.ifindex);
    }
  return false;
}
