/** What a rule asks of the host: device groups, realms, IPsec, cgroups, processors, owners, sockets. */
import type { Link, Socket, XtMatch } from '@netverdict/linux-net';
import { innermost, type Packet, TCP } from '../../packet/packet.ts';
import { askedAbout } from '../../socket/asked-about.ts';
import { findListener } from '../../socket/listener.ts';
import type { Answer, NotThere, RuleContext } from '../context.ts';
import { inRange } from './transport.ts';

type Of<K extends XtMatch['kind']> = Extract<XtMatch, { kind: K }>;

export function devgroup(m: Of<'devgroup'>, c: RuleContext): Answer {
  const link: Link | null = m.side === 'source' ? c.iif : c.oif;
  return link !== null && (((link.group ?? 0) ^ m.value) & m.mask) === 0;
}

/** realm_mt (xt_realm.c): the source's realm above, the destination's below. */
export function realm(m: Of<'realm'>, c: RuleContext): Answer {
  const realms = c.realms === undefined ? 0 : c.realms;
  return realms === null ? { unknown: 'the number of a realm that has a name' } : m.value === (realms & m.mask) >>> 0;
}

/** No packet here has been through IPsec; what policies do to those that leave, the path says (link/xfrm.ts). */
export function policy(m: Of<'policy'>, c: RuleContext): Answer {
  const { programs } = c.ns.net.state;
  if (m.dir === 'out') {
    if (!programs.known) return { unknown: `the IPsec policies of ${c.ns.key}` };
    if (programs.value.some((p) => p.hook === 'xfrm out'))
      return { unknown: 'whether an IPsec policy takes the packet' };
  }
  return !m.ipsec;
}

/** Of what was made here, the sender's cgroup is not known; other packets have no socket, and then the match says no. */
export const cgroup = (m: Of<'cgroup'>, c: RuleContext): Answer | NotThere =>
  madeHere(c) ? { unknown: `the cgroup of the sending process (${m.path ?? m.classid})` } : null;

export const cpu = (m: Of<'cpu'>, _c: RuleContext): Answer => ({
  unknown: `whether processor ${m.cpu} has the packet`,
});

/** A socket of this namespace sent it: it came in by no device. */
export const madeHere = (c: RuleContext): boolean =>
  c.iif === null &&
  c.forwarded !== true &&
  (c.packet.payload === null || isSender(c)) &&
  (c.hook === 'OUTPUT' || c.hook === 'POSTROUTING');

/** A tunnel's packet keeps the socket of what it carries (skb->sk, which iptunnel_xmit leaves); what was forwarded has none. */
export function isSender({ walk, ns }: Pick<RuleContext, 'walk' | 'ns'>): boolean {
  if (walk.direction === 'reply') return (walk.grave ? walk.grave.place : walk.answeredBy) === ns.key;
  return walk.flow.source.kind !== 'external' && walk.flow.source.namespace === ns.key;
}

/** RSTs, ICMP errors, echo replies and neighbour discovery are the kernel's own: they have a socket, but no file behind it and so no owner. */
export const ofKernel = (c: RuleContext): boolean => {
  const { icmp, protocol, tcpFlags } = innermost(c.packet);
  if (icmp !== null && protocol === 58 && icmp.type >= 133 && icmp.type <= 137) return true;
  const reset = protocol === 6 && (tcpFlags & TCP.RST) !== 0;
  return c.walk.direction === 'reply' && (icmp !== null || (reset && !ofListener(c)));
};

/** The RST that a listener answers an ACK with is given its socket, since Linux 6.13 (ip_send_unicast_reply, tcp_v6_send_response). */
const ofListener = (c: RuleContext): boolean => c.walk.grave === null;

/** IPv6 sends a RST that no connection answers with by no socket (tcp_v6_send_response), as REJECT does (nf_send_reset). */
const withoutSocket = (c: RuleContext): boolean =>
  ofKernel(c) &&
  innermost(c.packet).protocol === 6 &&
  (innermost(c.packet).family === 'ipv6' || c.walk.grave?.disposition === 'rejected');

/** owner_mt (xt_owner.c). */
export function owner(m: Of<'owner'>, c: RuleContext): Answer {
  if (!madeHere(c)) return false;
  if (m.what === 'socket-exists') return !withoutSocket(c);
  if (ofKernel(c)) return false;
  const id = ownerId(m.what, c);
  if (id === null) return { unknown: `the ${m.what} of the sending process` };
  if (inRange(m.range ?? { from: 0, to: 0 }, id)) return true;
  return m.supplementary ? { unknown: 'the supplementary groups of the sending process' } : false;
}

/** The owner of the socket that sends the packet; null where it is not known. */
export function ownerId(what: 'uid' | 'gid', c: RuleContext): number | null {
  if (c.walk.direction === 'forward') return c.walk.flow[what] ?? null;
  // The listener that accepted the packet answers it, and its file has the owner.
  const { sockets } = c.ns.net.state;
  if (!sockets.known) return null;
  const sent = innermost(c.packet);
  const asked = {
    ...sent,
    source: sent.destination,
    destination: sent.source,
    sport: sent.dport,
    dport: sent.sport,
  };
  const found = findListener(c.walk, sockets.value, asked, 0);
  return found.kind === 'found' ? (found.socket[what] ?? null) : null;
}

/** socket_match (xt_socket.c), in PREROUTING and INPUT. */
export function socket(m: Of<'socket'>, c: RuleContext): Answer | NotThere {
  const { walk } = c;
  const packet = askedAbout(c.packet);
  if (packet === null || !c.iif) return null;
  if (walk.direction === 'reply') {
    // The answer to this flow's own sender: its socket is connected, and bound to an address by that.
    // A segment that was given its flags is a raw socket's, of which TCP knows nothing.
    if (c.ns.key !== sourceOf(c) || !forSender(c, packet) || walk.flow.tcpFlags !== undefined) return none(c, packet);
    if (packet.protocol !== 6) return { unknown: 'whether the sending socket is connected' };
    return m.transparent ? { unknown: 'whether the sending socket is transparent' } : true;
  }
  const found = packet.assigned ?? lookUp(c, packet);
  if (found === 'unread') return { unknown: `the sockets of ${c.ns.key}` };
  if (found === null) return null;
  const wildcard = Number(found.local.address) === 0;
  if (wildcard && !m.nowildcard) return null;
  if (!m.transparent) return true;
  if (found.transparent === null) return { unknown: 'whether the socket is transparent' };
  return found.transparent ? true : null;
}

/**
 * inet_lookup of the sender's socket, by the addresses that the packet has at this hook: those of a translated destination are not
 * the socket's own before INPUT's NAT. A translated source is asked for by its connection (nf_sk_lookup_slow_v4, nf_sk_lookup_slow_v6).
 */
function forSender({ walk, ns }: RuleContext, packet: Packet): boolean {
  const { original } = walk;
  if (original === null || packet.source !== original.destination || packet.sport !== original.dport) return false;
  const { ct } = packet;
  const entry = ct && walk.conntrack.get(ns.key, ct.id);
  const byConnection =
    entry?.srcDone && (ct?.info === 'established' || ct?.info === 'related') && ct.direction === 'reply';
  if (byConnection) return entry.original.source === original.source && entry.original.sport === original.sport;
  return packet.destination === original.source && packet.dport === original.sport;
}

const sourceOf = (c: RuleContext): string | null =>
  c.walk.flow.source.kind === 'namespace' ? c.walk.flow.source.namespace : null;
const none = (c: RuleContext, packet: Packet): Answer | NotThere => {
  const found = lookUp(c, packet);
  return found === null ? null : { unknown: 'whether a local socket belongs to the answer' };
};

function lookUp(c: RuleContext, packet: Packet): Socket | 'unread' | null {
  const { sockets } = c.ns.net.state;
  if (!sockets.known) return 'unread';
  const found = findListener(c.walk, sockets.value, packet, c.iif?.ifindex ?? 0);
  return found.kind === 'found' ? found.socket : null;
}
