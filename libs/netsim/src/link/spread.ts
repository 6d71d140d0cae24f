/** Whom a frame reaches without routing: through veth pairs, bridges, tunnels and macvlans, as their settings let it. */
import type { IpAddress, Link, Mac } from '@netverdict/linux-net';
import type { Walk } from '../walk/walk.ts';
import { type Unread, unreadHost } from '../world/facts.ts';
import { isUplink, lowerOf, peerOf, upperOf, veth, type WorldNamespace } from '../world/world.ts';
import type { Crossing } from './bridge-netfilter.ts';
import { fdbPort, isLocalMac, mayEnter, mayLeave, type Passing, portsOf } from './bridge-ports.ts';
import { macvlansThatHear, siblingsThatHear } from './macvlan.ts';
import { farEnds, proxiedBy } from './vxlan-ends.ts';

export interface Member {
  readonly ns: WorldNamespace;
  /** The device that takes the frame: a veth end, a bridge, a node's uplink. */
  readonly link: Link;
  /** Of a bridge: the port that the frame came in by. */
  readonly port?: Link;
  /** The port by which it left where a bridge itself sent it: the answer comes in by that. */
  readonly leftBy?: Link;
  /** The bridges that the frame crossed on its way there. */
  readonly crossed?: readonly Crossing[];
}

/** `to` a MAC address, or to everybody: ARP asks by broadcast, neighbour discovery by multicast. */
export interface Cast {
  readonly from: Mac | null;
  readonly to: Mac | 'broadcast' | 'multicast';
  /** The address that an ARP or ND request asks for: bridges and tunnels may answer themselves. */
  readonly wanted: IpAddress | null;
  /** It is the answer to an ARP request. */
  readonly arpReply?: boolean;
}

export interface Domain {
  readonly members: readonly Member[];
  /** Devices that would take it if they were up. */
  readonly down: readonly Member[];
  /** MAC addresses that a bridge or a tunnel answered with by itself, and where it answers. */
  readonly proxied: readonly { readonly mac: Mac; readonly at: Member }[];
  /** Bridge ports that did not let it in or out. */
  readonly kept: readonly Kept[];
  /** The network between the nodes is part of it. */
  readonly wire: boolean;
  /** Inodes of namespaces on the other end of a veth that were not collected. */
  readonly missing: readonly number[];
  /** Ends that cannot be told at all. */
  readonly unknown: boolean;
  /** Namespaces on the link that were collected, but whose devices or addresses could not be read. */
  readonly unread: readonly Unread[];
}

export interface Kept {
  readonly ns: WorldNamespace;
  readonly way: 'in' | 'out';
  readonly passing: Extract<Passing, { ok: false }>;
}

/** The frame leaves by `out` of `ns`. Bridges on its way learn where it came from (br_fdb_update) if `learn`. */
export function spread(walk: Walk, ns: WorldNamespace, out: Link, cast: Cast, learn: boolean): Domain {
  const { world } = walk;
  const members: Member[] = [];
  const down: Member[] = [];
  const proxied: { mac: Mac; at: Member }[] = [];
  const kept: Kept[] = [];
  const missing: number[] = [];
  const unread: Unread[] = [];
  const seen = new Set<string>();
  const crossed: Crossing[] = [];
  let wire = false;
  let leftBy: Link | null = null;
  let unknown = false;
  const unicast = cast.to !== 'broadcast' && cast.to !== 'multicast';
  const accepts = (link: Link): boolean => !unicast || link.mac === null || link.mac === cast.to;
  const note = (host: WorldNamespace | null): void => {
    const part = host && unreadHost(host);
    if (part) unread.push(part);
  };
  const once = (way: string, at: WorldNamespace, link: Link): boolean => {
    const id = `${way} ${at.key} ${link.ifindex}`;
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  };

  const leave = (from: WorldNamespace, link: Link): void => {
    if (!once('out', from, link)) return;
    if (!link.up) return;
    if (link.detail.kind === 'bridge') {
      through(from, link, null);
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
    switch (link.detail.kind) {
      case 'veth': {
        const peer = veth(world, from, link);
        note(peerOf(world, from, link));
        if (peer.kind === 'found') arrive(peer.ns, peer.link);
        else if (peer.kind === 'not-collected') missing.push(peer.inode);
        else unknown = true;
        return;
      }
      case 'vxlan': {
        // vxlan_xmit gives arp_reduce all ARP, which answers requests and throws away the rest.
        if (cast.arpReply && link.detail.proxy) return;
        const answer = cast.wanted === null ? null : proxiedBy(from, link, link.detail, cast.wanted);
        if (answer === 'nobody') return;
        if (answer !== null) {
          proxied.push({ mac: answer, at: { ns: from, link } });
          return;
        }
        for (const end of farEnds(walk, from, link, link.detail, cast.to)) {
          if (learn && cast.from !== null && end.learns && end.source !== null)
            walk.learned.set(`${end.ns.key} ${end.link.ifindex} ${cast.from}`, end.source);
          arrive(end.ns, end.link);
        }
        return;
      }
      case 'macvlan': {
        const lower = lowerOf(world, from, link);
        if (lower.kind !== 'found') {
          if (lower.kind === 'not-collected') missing.push(lower.inode);
          else unknown = true;
          return;
        }
        if (!link.carrier) return;
        const near = siblingsThatHear(walk, from, link, lower, cast.to);
        for (const sibling of near) take(sibling.ns, sibling.link);
        if (unicast && near.length > 0) return;
        leave(lower.ns, lower.link);
        return;
      }
      case 'dummy':
      case 'loopback':
        return;
      default:
        unknown = true;
    }
  };

  /** A device that is no port of anything has the frame. */
  const take = (at: WorldNamespace, link: Link): void => {
    if (!accepts(link) || !once('in', at, link)) return;
    (link.up ? members : down).push({ ns: at, link, crossed: [...crossed], ...(leftBy ? { leftBy } : {}) });
  };

  const arrive = (at: WorldNamespace, link: Link): void => {
    if (!link.up) {
      if (link.master === null) take(at, link);
      return;
    }
    const master = link.master === null ? undefined : at.net.linkByIndex.get(link.master);
    if (master?.detail.kind === 'bridge') {
      if (once('in', at, link)) through(at, master, link);
      return;
    }
    if (master) {
      unknown = true;
      return;
    }
    const uppers = upperOf(world, at, link);
    const heard = macvlansThatHear(walk, { ns: at, link }, uppers, cast);
    for (const upper of heard.by) take(upper.ns, upper.link);
    if (!heard.only) take(at, link);
  };

  /** `port` null: the host's own frame, sent by the bridge device (br_dev_xmit). */
  const through = (at: WorldNamespace, bridge: Link, port: Link | null): void => {
    if (!bridge.up) {
      if (!unicast || isLocalMac(at, bridge, cast.to as Mac)) down.push({ ns: at, link: bridge });
      return;
    }
    if (port) {
      const entering = mayEnter(walk, at, bridge, port, cast.from);
      if (!entering.ok) {
        kept.push({ ns: at, way: 'in', passing: entering });
        return;
      }
      if (learn && cast.from !== null && port.bridgePort?.learning !== false)
        walk.learned.set(`${at.key} ${bridge.ifindex} ${cast.from}`, port.ifindex);
      if (!unicast) members.push({ ns: at, link: bridge, port, crossed: [...crossed], ...(leftBy ? { leftBy } : {}) });
      else if (isLocalMac(at, bridge, cast.to as Mac)) {
        members.push({ ns: at, link: bridge, port, crossed: [...crossed], ...(leftBy ? { leftBy } : {}) });
        return;
      }
    }
    const suppress = suppressed(walk, at, bridge, port, cast.wanted);
    if (suppress?.answer) proxied.push({ mac: suppress.answer, at: { ns: at, link: bridge } });
    const known = unicast ? fdbPort(walk, at, bridge, cast.to as Mac) : null;
    for (const out of portsOf(at, bridge)) {
      if (known !== null && out.ifindex !== known) continue;
      const kind = known !== null ? 'known' : unicast ? 'unicast' : (cast.to as 'broadcast' | 'multicast');
      const leaving = mayLeave(walk, port, out, kind);
      if (!leaving.ok) {
        if (leaving.state !== 'hairpin') kept.push({ ns: at, way: 'out', passing: leaving });
        // br_port_carrier_check: the port is disabled since the device at its other end is down, which is what is to be mended.
        if (leaving.state === 'disabled' && !out.carrier) leave(at, out);
        continue;
      }
      const { bridgePort } = out;
      if (suppress && (bridgePort?.neighSuppress || bridgePort?.proxyArpWifi)) continue;
      if (port) crossed.push({ ns: at, bridge, entry: port, exit: out });
      else leftBy = out;
      leave(at, out);
      if (port) crossed.pop();
    }
  };

  leave(ns, out);
  return { members, down, proxied, kept, wire, missing, unknown, unread };
}

/**
 * br_do_proxy_suppress_arp, br_do_suppress_nd: the bridge knows by its own neighbour table who has the address, and behind which
 * port. null: it does nothing. Without an answer the request is still kept from ports that suppress.
 */
function suppressed(
  walk: Walk,
  ns: WorldNamespace,
  bridge: Link,
  port: Link | null,
  wanted: IpAddress | null,
): { readonly answer: Mac | null } | null {
  if (wanted === null) return null;
  const ports = portsOf(ns, bridge);
  const suppressing = ports.some((p) => p.bridgePort?.neighSuppress);
  if (!suppressing && !ports.some((p) => p.bridgePort?.proxyArp || p.bridgePort?.proxyArpWifi)) return null;
  if (suppressing && port?.bridgePort?.neighSuppress) return null;
  if (suppressing && ns.net.addressesOn(bridge.ifindex).some((a) => a.address === wanted)) return { answer: null };
  const { neighbours } = ns.net.state;
  const entry = neighbours.known
    ? neighbours.value.find((n) => !n.proxy && n.dev === bridge.ifindex && n.address === wanted && n.mac !== null)
    : undefined;
  if (!entry?.mac || ['failed', 'incomplete', 'none'].includes(entry.state)) return null;
  const behind = ports.find((p) => p.ifindex === fdbPort(walk, ns, bridge, entry.mac as Mac));
  if (!behind) return null;
  const answers =
    port?.bridgePort?.proxyArp || behind.bridgePort?.proxyArpWifi || behind.bridgePort?.neighSuppress || false;
  if (walk.sees('bridge/neigh_suppress', answers)) return { answer: entry.mac };
  return suppressing ? { answer: null } : null;
}
