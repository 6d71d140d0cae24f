/** ICMP errors and RSTs as the kernel builds them: icmp_send, icmp6_send, nf_send_reset, tcp_v4_send_reset. */
import type { IfIndex, IpAddress, Link } from '@netverdict/linux-net';
import { attached } from '../conntrack/table.ts';
import { isIcmpError, type Packet, TCP } from '../packet/packet.ts';
import { isLinkLocal, isLoopback, isMulticast } from '../route/addresses.ts';
import { flowKey } from '../route/key.ts';
import { addressType, lookup, selectAddress } from '../route/lookup.ts';
import { routeOut } from '../route/output.ts';
import type { Walk } from '../walk/walk.ts';
import { sysctl } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { type IcmpKind, IPV6_MIN_MTU, TOO_BIG } from './icmp-codes.ts';

/** Where the packet died. */
export interface Scene {
  readonly walk: Walk;
  readonly ns: WorldNamespace;
  /** The device that it came in by; null: the host's own packet. */
  readonly iif: Link | null;
  /** The device that IPv6 takes it to have come by, where that is another. */
  readonly routedBy?: Link;
  /** The device that it was at; null: none yet. */
  readonly by?: Link | null;
  /** A socket's error, after nf_reset_ct: conntrack looks it up anew. Else it belongs to the packet's connection. */
  readonly fromSocket: boolean;
  /** It was on its way out although it was for the host itself. */
  readonly goesOut?: true;
}

const DEFAULT_TTL = 64;

export interface Answer {
  readonly packet: Packet;
  /** Its source was taken from the route, which it keeps. */
  readonly sourceChosen: boolean;
}

/** null: nothing is answered to such a packet. */
export function icmpError(scene: Scene, about: Packet, kind: IcmpKind, mtuBytes: number | null): Answer | null {
  const { walk, ns } = scene;
  if (isIcmpError(about) || !mayAnswer(ns, about, kind)) return null;
  const v4 = about.family === 'ipv4';
  const blank: Packet = {
    ...bare(scene, about),
    protocol: v4 ? 1 : 58,
    destination: about.source,
    sport: null,
    dport: null,
    tcpFlags: 0,
    icmp: { ...kind, id: 0, about: told(about), ...(mtuBytes === null ? {} : { mtuBytes }) },
    // RT_TOS and IPTOS_PREC_INTERNETCONTROL.
    tos: v4 ? (about.tos & 0x1e) | 0xc0 : 0,
    sizeBytes: v4 ? 28 + Math.min(about.sizeBytes, 576 - 28) : 48 + Math.min(about.sizeBytes, IPV6_MIN_MTU - 48),
    dontFragment: false,
  };
  const source = sourceOfError(walk, scene, about, blank);
  return source && { packet: { ...blank, source: source.address }, sourceChosen: source.ofRoute };
}

/** The packet as the error carries it: its header alone, nothing that the kernel kept beside it. */
const told = (packet: Packet): Packet => ({ ...packet, ct: null, untracked: false, zone: 0, mark: 0, payload: null });

function mayAnswer(ns: WorldNamespace, about: Packet, kind: IcmpKind): boolean {
  const { source, destination } = about;
  if (source === 0 || source === 0n) return false;
  // icmp6_send looks at the source; icmp_send does not, since nothing comes in with one of a group.
  if (about.family === 'ipv6' && isMulticast(source)) return false;
  if (about.family === 'ipv6') return !isMulticast(destination) || kind.type === TOO_BIG.ipv6.type;
  const type = addressType(ns, destination);
  return type !== 'broadcast' && type !== 'multicast';
}

/** The address that was asked where it is the host's own; else the one that it would use towards the sender. */
function sourceOfError(
  walk: Walk,
  scene: Scene,
  about: Packet,
  error: Packet,
): { readonly address: IpAddress; readonly ofRoute: boolean } | null {
  const { ns, iif } = scene;
  const asked = (address: IpAddress | null) => (address === null ? null : { address, ofRoute: false });
  if (isForHost(scene, about)) return asked(about.destination);
  if (iif !== null && about.family === 'ipv4' && sysctl(ns, 'net/ipv4/icmp_errors_use_inbound_ifaddr'))
    return asked(selectAddress(ns, iif.ifindex, about.source, 'ipv4'));
  // In the superuser's name (sock_net_uid), whoever sent the packet.
  const key = { ...flowKey({ ...error, source: about.source }, 'lo', null), source: null, uid: 0 };
  const route = routeOut(walk, ns, key, true);
  // Which source it would have, and whether there is one, rests on that.
  if (route.kind === 'unknown') walk.heard = { kind: 'unknown', missing: route.missing };
  if (route.kind !== 'route') return null;
  // icmp_route_lookup and icmpv6_route_lookup ask without a source, and the error leaves by the route that is found.
  const ofRoute = route.source === null ? null : { address: route.source, ofRoute: true };
  if (iif === null || about.family === 'ipv4' || route.route?.prefsrc) return ofRoute;
  return asked(selectAddress(ns, (scene.routedBy ?? iif).ifindex, about.source, 'ipv6')) ?? ofRoute;
}

/** RTCF_LOCAL: 127.0.0.1 is not the host's own address by the route of a socket that is bound to another device. */
function isForHost({ walk, ns, iif, by, goesOut }: Scene, about: Packet): boolean {
  if (goesOut) return false;
  // ipv6_chk_addr: what is valid on a device or in the host only counts where it is at that very device.
  const { destination } = about;
  if (about.family === 'ipv6' && (isLoopback(destination) || isLinkLocal(destination)))
    return ns.net.addressesOn((by ?? ns.net.loopback)?.ifindex as IfIndex).some((a) => a.address === destination);
  const bound = walk.flow.device === undefined ? undefined : ns.net.linkByName.get(walk.flow.device);
  if (about.family === 'ipv4' && iif === null && bound && walk.direction === 'forward') {
    const route = routeOut(walk, ns, { ...flowKey(about, 'lo', bound), strictDevice: true }, true);
    return route.kind === 'route' && route.local;
  }
  if (addressType(ns, about.destination) === 'local' || ns.net.own.has(about.destination)) return true;
  return about.family === 'ipv4' && iif !== null && cameIn(walk, ns, iif, about);
}

/** It may be the host's own by a route of another table than `local`: then nothing with that source leaves (__ip_dev_find). */
function cameIn(walk: Walk, ns: WorldNamespace, iif: Link, about: Packet): boolean {
  const way = walk.aside(() => lookup(walk, ns, flowKey(about, iif.name, null)));
  if (way.kind !== 'route') return false;
  // Of a sender's route to loopback as well (__mkroute_output).
  const overLoopback = iif.loopback && way.nexthop?.dev === iif.ifindex && about.forwardedToLoopback !== true;
  return way.route.type === 'local' || overLoopback;
}

/** nf_send_reset for rules, tcp_v4_send_reset for hosts without a socket; null: a RST is not answered. */
export function reset(scene: Scene, about: Packet): Packet | null {
  if (about.protocol !== 6 || (about.tcpFlags & TCP.RST) !== 0) return null;
  // tcp_v4_send_reset, nf_reset: what is for others as well is not refused (RTN_LOCAL).
  if (about.family === 'ipv4' && addressType(scene.ns, about.destination) === 'broadcast') return null;
  return {
    ...bare(scene, about),
    source: about.destination,
    destination: about.source,
    sport: about.dport,
    dport: about.sport,
    ...(about.dportAmong ? { sportAmong: about.dportAmong } : {}),
    ...(about.sportAmong ? { dportAmong: about.sportAmong } : {}),
    tcpFlags: about.tcpFlags & TCP.ACK ? TCP.RST : TCP.RST | TCP.ACK,
    icmp: null,
    // ip_send_unicast_reply, tcp_v6_send_response: without the bits of congestion.
    tos: scene.fromSocket ? about.tos & ~3 : 0,
    sizeBytes: about.family === 'ipv4' ? 40 : 60,
    dontFragment: about.family === 'ipv4',
    ...(isSummedUp(scene, about) ? { sum: 'written' } : {}),
  };
}

/** ip_send_unicast_reply and nf_reject_ip6_tcphdr_put; tcp_v6_send_response and nf_reject_ip_tcphdr_put leave it to a device. */
const isSummedUp = ({ fromSocket }: Scene, { family }: Packet): boolean => (family === 'ipv4') === fromSocket;

/** Of the packet that is answered nothing stays but the mark, where the namespace reflects it. */
function bare({ ns, fromSocket }: Scene, about: Packet): Packet {
  const {
    zoneOf: _1,
    template: _2,
    assigned: _3,
    frame: _4,
    sportAmong: _5,
    dportAmong: _6,
    addedUp: _7,
    forwardedToLoopback: _8,
    sum: _9,
    sumWrong: _10,
    hashedTo: _11,
    ofUntracked: _12,
    ...rest
  } = about;
  const reflect = sysctl(ns, about.family === 'ipv4' ? 'net/ipv4/fwmark_reflect' : 'net/ipv6/fwmark_reflect');
  return {
    ...rest,
    ttl: DEFAULT_TTL,
    mark: reflect ? about.mark : 0,
    ct: fromSocket ? null : attached(about.ct),
    untracked: false,
    ...(about.untracked && !fromSocket ? { ofUntracked: true as const } : {}),
    zone: 0,
    pieceBytes: null,
    payload: null,
  };
}
