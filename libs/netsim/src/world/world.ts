/**
 * The world a packet moves in: compiled namespaces of several nodes, how their links join, and what the
 * cluster's objects say about addresses. Immutable; a patch makes a new one that shares what did not change.
 */
import type { ClusterMap, IfIndex, IpAddress, Link, NamespaceKey, NetnsState } from '@netverdict/linux-net';
import { familyOf, hostKey, parseIp, parsePrefix, prefixContains } from '@netverdict/linux-net';
import { type CompiledNetns, compileNamespace } from './compiled.ts';

export interface WorldNamespace {
  readonly key: NamespaceKey;
  readonly node: string;
  readonly kind: 'host' | 'pod' | 'other';
  readonly pod: { readonly namespace: string; readonly name: string } | null;
  /** Inode of the network namespace: what netns-ids resolve to. */
  readonly inode: number;
  readonly net: CompiledNetns;
}

export interface WorldNode {
  readonly node: string;
  /** Why nothing of the node could be read; null when it answered. */
  readonly unavailable: string | null;
}

export interface WorldInput {
  readonly namespaces: readonly WorldNamespace[];
  /** Every node that was asked. A node absent here and from `namespaces` becomes a Need when the packet goes there. */
  readonly nodes: readonly WorldNode[];
  readonly map: ClusterMap;
  /** The connections whose both ends are among these were read, as text; absent: all were. */
  readonly trackedAddresses?: readonly string[];
}

export interface World {
  readonly namespaces: ReadonlyMap<NamespaceKey, WorldNamespace>;
  readonly unavailable: ReadonlyMap<string, string>;
  readonly map: ClusterMap;
  /** Node name by each of its addresses. */
  readonly nodeByAddress: ReadonlyMap<IpAddress, string>;
  readonly podByAddress: ReadonlyMap<IpAddress, ClusterMap['pods'][number]>;
  readonly byInode: ReadonlyMap<string, WorldNamespace>;
  /** The connections whose both ends are among these were read; null: all were. */
  readonly trackedAddresses: ReadonlySet<IpAddress> | null;
}

export function buildWorld(input: WorldInput): World {
  const nodeByAddress = new Map<IpAddress, string>();
  const podByAddress = new Map<IpAddress, ClusterMap['pods'][number]>();
  for (const node of input.map.nodes)
    for (const text of node.addresses) {
      const address = parseIp(text);
      if (address.ok) nodeByAddress.set(address.value, node.name);
    }
  for (const pod of input.map.pods) {
    if (pod.hostNetwork || pod.phase === 'Succeeded' || pod.phase === 'Failed') continue;
    for (const text of pod.addresses) {
      const address = parseIp(text);
      if (address.ok) podByAddress.set(address.value, pod);
    }
  }
  const unavailable = new Map<string, string>();
  for (const node of input.nodes) if (node.unavailable !== null) unavailable.set(node.node, node.unavailable);
  const trackedAddresses = input.trackedAddresses ? parsed(input.trackedAddresses) : null;
  return index(input.namespaces, { unavailable, map: input.map, nodeByAddress, podByAddress, trackedAddresses });
}

function parsed(addresses: readonly string[]): ReadonlySet<IpAddress> {
  return new Set(
    addresses.flatMap((text) => {
      const address = parseIp(text);
      return address.ok ? [address.value] : [];
    }),
  );
}

function index(namespaces: Iterable<WorldNamespace>, rest: Omit<World, 'namespaces' | 'byInode'>): World {
  const byKey = new Map<NamespaceKey, WorldNamespace>();
  const byInode = new Map<string, WorldNamespace>();
  for (const ns of namespaces) {
    byKey.set(ns.key, ns);
    byInode.set(`${ns.node}/${ns.inode}`, ns);
  }
  return { ...rest, namespaces: byKey, byInode };
}

/** The same world with one namespace's state changed; parts of the compiled namespace that did not change are kept. */
export function patchNamespace(world: World, key: NamespaceKey, change: (state: NetnsState) => NetnsState): World {
  const ns = world.namespaces.get(key);
  if (!ns) return world;
  const net = compileNamespace(change(ns.net.state), ns.net);
  const { namespaces, byInode: _, ...rest } = world;
  return index(
    [...namespaces.values()].map((n) => (n.key === key ? { ...n, net } : n)),
    rest,
  );
}

export const hostOf = (world: World, node: string): WorldNamespace | undefined => world.namespaces.get(hostKey(node));

export type Peer =
  | { readonly kind: 'found'; readonly ns: WorldNamespace; readonly link: Link }
  | { readonly kind: 'not-collected'; readonly inode: number }
  | { readonly kind: 'unknown' };

/** The device below: the parent of a macvlan or VLAN device, which may be in another namespace. */
export const lowerOf = (world: World, ns: WorldNamespace, link: Link): Peer => veth(world, ns, link);

const uppers = new WeakMap<World, Map<string, { ns: WorldNamespace; link: Link }[]>>();

/** macvlan and VLAN devices upon a device, in whichever namespace they are. */
export function upperOf(
  world: World,
  ns: WorldNamespace,
  link: Link,
): readonly { readonly ns: WorldNamespace; readonly link: Link }[] {
  let index = uppers.get(world);
  if (!index) {
    index = new Map();
    for (const other of world.namespaces.values())
      for (const upper of other.net.linkByIndex.values()) {
        if (upper.detail.kind !== 'macvlan' && upper.detail.kind !== 'vlan') continue;
        const lower = lowerOf(world, other, upper);
        if (lower.kind !== 'found') continue;
        const key = `${lower.ns.key} ${lower.link.ifindex}`;
        const list = index.get(key);
        if (list) list.push({ ns: other, link: upper });
        else index.set(key, [{ ns: other, link: upper }]);
      }
    uppers.set(world, index);
  }
  return index.size === 0 ? NO_UPPERS : (index.get(`${ns.key} ${link.ifindex}`) ?? NO_UPPERS);
}

const NO_UPPERS: readonly never[] = [];

const peers = new WeakMap<World, Map<WorldNamespace, Map<Link, Peer>>>();

/** The other end of a veth: by the namespace id that the kernel gives, else by who points back at us. */
export function veth(world: World, ns: WorldNamespace, link: Link): Peer {
  let found = peers.get(world);
  if (!found) {
    found = new Map();
    peers.set(world, found);
  }
  let here = found.get(ns);
  if (!here) {
    here = new Map();
    found.set(ns, here);
  }
  let peer = here.get(link);
  if (!peer) {
    peer = otherEnd(world, ns, link);
    here.set(link, peer);
  }
  return peer;
}

function otherEnd(world: World, ns: WorldNamespace, link: Link): Peer {
  if (link.link === null) return { kind: 'unknown' };
  if (link.linkNetnsid === null) {
    const peer = ns.net.linkByIndex.get(link.link);
    return peer ? { kind: 'found', ns, link: peer } : { kind: 'unknown' };
  }
  const ids = ns.net.state.netnsIds;
  const id = ids.known ? ids.value.find((n) => n.nsid === link.linkNetnsid) : undefined;
  if (id) {
    const other = world.byInode.get(`${ns.node}/${id.inode}`);
    if (!other) return { kind: 'not-collected', inode: id.inode };
    const peer = other.net.linkByIndex.get(link.link);
    return peer ? { kind: 'found', ns: other, link: peer } : { kind: 'unknown' };
  }
  for (const other of world.namespaces.values()) {
    if (other.node !== ns.node || other === ns) continue;
    const peer = other.net.linkByIndex.get(link.link);
    if (peer?.detail.kind !== 'veth' || peer.link !== link.ifindex || peer.linkNetnsid === null) continue;
    const back = other.net.state.netnsIds;
    const backId = back.known ? back.value.find((n) => n.nsid === peer.linkNetnsid) : undefined;
    if (backId && backId.inode === ns.inode) return { kind: 'found', ns: other, link: peer };
  }
  return { kind: 'unknown' };
}

/** The namespace on the other end of a veth, whether or not its devices were read; null where nothing names it. */
export function peerOf(world: World, ns: WorldNamespace, link: Link): WorldNamespace | null {
  const ids = ns.net.state.netnsIds;
  const id = ids.known ? ids.value.find((n) => n.nsid === link.linkNetnsid) : undefined;
  return (id && world.byInode.get(`${ns.node}/${id.inode}`)) ?? null;
}

/**
 * Does the link join the node to the network between the nodes? It is hardware, or carries one of the node's
 * addresses, or has an address of no pod and leads to a namespace that no agent knows (a node inside a container).
 */
export function isUplink(world: World, ns: WorldNamespace, link: Link): boolean {
  if (ns.kind !== 'host') return false;
  const { kind } = link.detail;
  if (kind === 'physical') return true;
  if (kind !== 'veth' && kind !== 'macvlan' && kind !== 'vlan') return false;
  const addresses = ns.net.addressesOn(link.ifindex).map((a) => a.address);
  if (addresses.some((address) => world.nodeByAddress.get(address) === ns.node)) return true;
  if (kind !== 'veth' || link.master !== null || addresses.length === 0) return false;
  return veth(world, ns, link).kind === 'unknown' && !addresses.some((a) => nodeOfPodAddress(world, a) !== null);
}

/** The node whose pod CIDR holds the address, by the Node objects. */
export function nodeOfPodAddress(world: World, address: IpAddress): string | null {
  const pod = world.podByAddress.get(address);
  if (pod) return pod.node;
  for (const node of world.map.nodes)
    for (const text of node.podCidrs) {
      const cidr = parsePrefix(text);
      if (cidr.ok && prefixContains(cidr.value, address)) return node.name;
    }
  return null;
}

export function inAny(cidrs: readonly string[], address: IpAddress): boolean {
  return cidrs.some((text) => {
    const cidr = parsePrefix(text);
    return cidr.ok && prefixContains(cidr.value, address);
  });
}

/** Addresses of a node, of the family, in the order of the Node object. */
export function nodeAddresses(world: World, node: string, family: 'ipv4' | 'ipv6'): IpAddress[] {
  const entry = world.map.nodes.find((n) => n.name === node);
  const found: IpAddress[] = [];
  for (const text of entry?.addresses ?? []) {
    const address = parseIp(text);
    if (address.ok && familyOf(address.value) === family) found.push(address.value);
  }
  return found;
}

export const nodePodCidrs = (world: World, node: string): readonly string[] =>
  world.map.nodes.find((n) => n.name === node)?.podCidrs ?? [];

export const ifName = (ns: WorldNamespace, ifindex: IfIndex | null): string =>
  (ifindex !== null && ns.net.linkByIndex.get(ifindex)?.name) || '?';
