/** Where a VXLAN device sends a frame, and which devices of the world take it there (vxlan_find_mac, vxlan_rcv, arp_reduce). */
import { type FdbEntry, familyOf, type IpAddress, type Link, type Mac, type VxlanDetail } from '@netverdict/linux-net';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';

export const ALL_ZERO = '00:00:00:00:00:00';

/** One remote tunnel end; what the entry leaves out is the device's own. */
export interface Remote {
  readonly dst: IpAddress;
  readonly port: number;
  readonly vni: number;
  readonly entry: FdbEntry | null;
  /** This run taught it. */
  readonly learned: boolean;
}

/**
 * The device's own (`self`) entries for the address, else what it learned, else the default destinations (all zeros). The remote
 * that the device was made with is one of those until somebody takes it away.
 */
export function remotesOf(
  walk: Walk,
  ns: WorldNamespace,
  link: Link,
  detail: VxlanDetail,
  to: Mac | 'broadcast' | 'multicast' | null,
): readonly Remote[] {
  const { fdb } = ns.net.state;
  const own = fdb.known ? fdb.value.filter((e) => e.dev === link.ifindex && e.dst !== null) : [];
  const remote = (entry: FdbEntry): Remote => ({
    dst: entry.dst as IpAddress,
    port: entry.port ?? detail.dstPort,
    vni: entry.vni ?? detail.vni,
    entry,
    learned: false,
  });
  const exact = own.filter((e) => e.mac === to);
  if (exact.length > 0) return exact.map(remote);
  const learned = to === null ? undefined : walk.learned.get(`${ns.key} ${link.ifindex} ${to}`);
  if (learned !== undefined && walk.sees('link/vxlan-learning', true))
    return [{ dst: learned as IpAddress, port: detail.dstPort, vni: detail.vni, entry: null, learned: true }];
  return own.filter((e) => e.mac === ALL_ZERO).map(remote);
}

export interface FarEnd {
  readonly ns: WorldNamespace;
  readonly link: Link;
  /** It learns the sender's address from the outer header, and this is what it takes it from. */
  readonly learns: boolean;
  readonly source: IpAddress | null;
}

/** The devices with the port and VNI in the namespaces that have the remote address. Whether packets get there is seen when one is sent. */
export function* farEnds(
  walk: Walk,
  ns: WorldNamespace,
  link: Link,
  detail: VxlanDetail,
  to: Mac | 'broadcast' | 'multicast',
): Iterable<FarEnd> {
  if (detail.external) return;
  for (const remote of remotesOf(walk, ns, link, detail, to)) yield* endsOf(walk, ns, link, detail, remote);
}

/** Those of one remote address. */
export function* endsOf(
  walk: Walk,
  ns: WorldNamespace,
  link: Link,
  detail: VxlanDetail,
  remote: Remote,
): Iterable<FarEnd> {
  for (const other of walk.world.namespaces.values()) {
    if (!isGroup(remote.dst) && !other.net.own.has(remote.dst)) continue;
    for (const device of other.net.linkByIndex.values()) {
      const theirs = device.detail;
      if (theirs.kind !== 'vxlan' || (other === ns && device.ifindex === link.ifindex)) continue;
      if (theirs.dstPort !== remote.port || theirs.vni !== remote.vni || theirs.external) continue;
      if (isGroup(remote.dst) && theirs.remote !== remote.dst) continue;
      const source = detail.local ?? underlayAddress(ns, detail, remote.dst);
      yield { ns: other, link: device, learns: theirs.learning, source };
    }
  }
}

function underlayAddress(ns: WorldNamespace, detail: VxlanDetail, dst: IpAddress): IpAddress | null {
  if (detail.underlay === null) return null;
  const family = familyOf(dst);
  return ns.net.addressesOn(detail.underlay).find((a) => familyOf(a.address) === family)?.address ?? null;
}

export const isGroup = (address: IpAddress): boolean =>
  typeof address === 'number' ? address >>> 28 === 0xe : address >> 120n === 0xffn;

/** arp_reduce, neigh_reduce (`proxy`): the device answers from its neighbour table, and never sends the request on. */
export function proxiedBy(
  ns: WorldNamespace,
  link: Link,
  detail: VxlanDetail,
  wanted: IpAddress,
): Mac | 'nobody' | null {
  if (!detail.proxy) return null;
  const { neighbours } = ns.net.state;
  const entry = neighbours.known
    ? neighbours.value.find((n) => !n.proxy && n.dev === link.ifindex && n.address === wanted)
    : undefined;
  return entry?.mac && !['failed', 'incomplete', 'none'].includes(entry.state) ? entry.mac : 'nobody';
}
