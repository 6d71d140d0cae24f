/**
 * Who answers a neighbour solicitation (net/ipv6/ndisc.c: ndisc_solicit, ndisc_recv_ns). Solicitation and advertisement are ICMPv6:
 * they pass the rules of both hosts, which may lose them.
 */
import { formatIp, type IpAddress, type Ipv6, type Link } from '@netverdict/linux-net';
import { type Crossing, callsIptables, crossBridge } from '../link/bridge-netfilter.ts';
import type { Member } from '../link/spread.ts';
import { NO_DEVICES } from '../netfilter/context.ts';
import { type HookResult, type Rerouted, runHook } from '../netfilter/hook.ts';
import type { Packet } from '../packet/packet.ts';
import { routed } from '../path/output-route.ts';
import { flowKey } from '../route/key.ts';
import type { Stop } from '../walk/stop.ts';
import type { Walk } from '../walk/walk.ts';
import { confOf } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { proxyEntry } from './arp.ts';
import { isFixed, learnedBy } from './learned.ts';

const LINK_LOCAL = 0xfe80n << 112n;
const isLinkLocal = (a: bigint): boolean => a >> 118n === LINK_LOCAL >> 118n;
const SOLICITED_NODE = 0xff02_0000_0000_0000_0000_0001_ff00_0000n;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;

/** The packet's own source where the device has it, else the device's link-local address; null: it cannot ask. */
export function solicitSource(ns: WorldNamespace, link: Link, packet: Packet): Ipv6 | null {
  const here = ns.net.addressesOn(link.ifindex).filter((a) => typeof a.address === 'bigint' && usable(a));
  if (here.some((a) => a.address === packet.source)) return packet.source as Ipv6;
  const local = here.find((a) => isLinkLocal(a.address as bigint));
  return local ? (local.address as Ipv6) : null;
}

const usable = (a: { readonly tentative: boolean; readonly dadFailed: boolean }): boolean =>
  !a.tentative && !a.dadFailed;

/** It has the address on the very device that heard the question, or stands in for it: an entry, proxy_ndp and forwarding. */
export function answersNd(walk: Walk, { ns, link }: Member, wanted: Ipv6): boolean {
  const here = ns.net.addressesOn(link.ifindex).find((a) => a.address === wanted);
  if (here) return usable(here) || !walk.sees('neighbour/tentative', true);
  if (!proxyEntry(ns, link, wanted)) return false;
  const on = (name: string): boolean => Boolean(confOf(ns, 'ipv6', 'all', name) || confOf(ns, 'ipv6', link.name, name));
  const forwards = Boolean(confOf(ns, 'ipv6', link.name, 'forwarding'));
  return walk.sees('neighbour/proxy_ndp', forwards && on('proxy_ndp'));
}

/**
 * The advertisement goes to where the answerer's own table says that the asker is: the question brings an entry up to date unless it
 * was fixed by hand (neigh_update; ARP answers to the address in the question). On a device that does no ARP a new entry has the
 * device's own address (ndisc_constructor).
 */
export function advertisesTo(walk: Walk, asker: Member, source: Ipv6, { ns, link }: Member): boolean {
  const { neighbours } = ns.net.state;
  if (!neighbours.known) return true;
  const entry = neighbours.value.find((n) => !n.proxy && n.dev === link.ifindex && n.address === source);
  if (!entry && link.noarp) return !walk.sees('neighbour/noarp-device', true);
  if (!entry || !isFixed(entry) || entry.mac === asker.link.mac) return true;
  return !walk.sees('neighbour/asker-fixed', true);
}

/** Question and answer through the rules of both; the stop of the one that was lost. */
export function exchangeNd(walk: Walk, asker: Member, source: Ipv6, answerer: Member, wanted: Ipv6): Stop | null {
  const group = (SOLICITED_NODE | (wanted & 0xffffffn)) as Ipv6;
  const solicitation = framed(message(SOLICITATION, source, group), asker, 'multicast');
  const advertisement = framed(message(ADVERTISEMENT, wanted, source), answerer, 'host');
  const way = answerer.crossed ?? [];
  const { leftBy } = answerer;
  const home = leftBy ? { ...asker, port: leftBy } : asker;
  const back = [...way].reverse().map((c) => ({ ...c, entry: c.exit, exit: c.entry }));
  return walk.aside(
    () => crosses(walk, asker, way, answerer, solicitation) ?? crosses(walk, answerer, back, home, advertisement),
  );
}

/** Rules that hear it see its frame: a solicitation is for a group, an advertisement for the asker alone. */
const framed = (packet: Packet, { link }: Member, cast: NonNullable<Packet['frame']>['cast']): Packet => ({
  ...packet,
  frame: { source: link.mac, cast },
});

/** What a host knows of a packet stays with the host (skb_scrub_packet): also that its conntrack left it untracked. */
const FRESH = { mark: 0, ct: null, untracked: false, template: false, zone: 0 } as const;

/** As the sender's rules leave it, it comes to the receiver's; bridges on the way may ask their hosts' rules. */
function crosses(walk: Walk, from: Member, way: readonly Crossing[], to: Member, packet: Packet): Stop | null {
  let sent = passes(walk, from, 'out', packet, to);
  for (const crossing of way) {
    if (!sent.ok) return sent.stop;
    sent = passed(crossBridge(walk, crossing, { ...sent.packet, ...FRESH }));
  }
  if (!sent.ok) return sent.stop;
  const come = passes(walk, to, 'in', { ...sent.packet, ...FRESH }, from);
  if (!come.ok) return come.stop;
  // ndisc_rcv: what comes from beyond the link is none, and neither is what a rule has given another hop limit.
  if (!walk.sees('neighbour/hop-limit', come.packet.ttl !== 255)) return null;
  const next = walk.stop(
    to.ns,
    come.packet,
    'filtered-by-kernel',
    { kind: 'martian', iif: to.link, why: 'hop-limit' },
    `neighbour discovery with hop limit ${come.packet.ttl}, which is not 255, is not heeded`,
  );
  return next.do === 'end' ? next.stop : null;
}

type Passed =
  | { readonly ok: true; readonly packet: Packet }
  /** null: what became of it is not known. */
  | { readonly ok: false; readonly stop: Stop | null };

const passed = (result: HookResult): Passed =>
  result.ok ? result : { ok: false, stop: result.next.do === 'end' ? result.next.stop : null };

/** Bridge netfilter remembers the port of what comes up to the host. */
function portOf(walk: Walk, { ns, link, port }: Member): Link | null {
  const { detail } = link;
  return port && detail.kind === 'bridge' && callsIptables(walk, ns, detail, 'ipv6') ? port : null;
}

function passes(walk: Walk, member: Member, way: 'out' | 'in', packet: Packet, other: Member): Passed {
  const { ns, link } = member;
  const physIn = way === 'out' ? null : portOf(walk, member);
  const hooks = way === 'out' ? (['OUTPUT', 'POSTROUTING'] as const) : (['PREROUTING', 'INPUT'] as const);
  let current = packet;
  for (const hook of hooks) {
    const devices = { ...NO_DEVICES, ...(way === 'out' ? { oif: link } : { iif: link, physIn }) };
    const result = runHook(
      { walk, ns, hook, devices, reroute: (changed) => sentElsewhere(walk, { ns, link }, changed, other) },
      current,
    );
    if (!result.ok) return passed(result);
    current = result.packet;
  }
  return { ok: true, packet: current };
}

/**
 * ip6_route_me_harder routes what OUTPUT changed as it does any packet: where the routes refuse it or take another device,
 * nobody on this link hears it; a gateway that it is handed to instead does not heed it, and takes from its hop limit. The kernel's own socket is bound to none.
 */
function sentElsewhere(walk: Walk, { ns, link }: Member, packet: Packet, to: Member): Rerouted {
  const asked = isLinkLocal(packet.destination as bigint) || isMulticast(packet.destination as bigint);
  const key = { ...flowKey(packet, 'lo', asked ? link : null), uid: 0 };
  const way = routed(walk, ns, packet, key, false);
  if (!way.ok) return way;
  const { out, via } = way.e;
  const toAnother =
    via !== null && via !== packet.destination && !(to.ns.net.own.has(via) && isThere(walk, ns, link, via, to));
  if (out.ifindex === link.ifindex && !toAnother) return { ok: true, devices: { ...NO_DEVICES, oif: link } };
  const cause = { kind: 'frame-lost', link: out, mac: '', address: packet.destination } as const;
  const text = `changed by a rule, neighbour discovery of ${link.name} leaves by ${out.name}${via === null ? '' : ` over ${formatIp(via)}`}`;
  return { ok: false, next: walk.stop(ns, packet, 'unresolved-neighbour', cause, text) };
}

/** A gateway is sent to where the table says that it is. */
function isThere(walk: Walk, ns: WorldNamespace, link: Link, via: IpAddress, { link: { mac } }: Member): boolean {
  const entry = ns.net.neighbours.get(link.ifindex)?.get(via);
  const known = isFixed(entry) ? entry?.mac : (learnedBy(walk, ns, link, via) ?? entry?.mac);
  return known == null || known === mac;
}

const isMulticast = (a: bigint): boolean => a >> 120n === 0xffn;

/** Conntrack leaves neighbour discovery untracked (nf_conntrack_icmpv6_error), at its place: for raw before it, it is INVALID. */
const message = (type: number, source: Ipv6, destination: Ipv6): Packet => ({
  family: 'ipv6',
  protocol: 58,
  source,
  destination,
  sport: null,
  dport: null,
  tcpFlags: 0,
  icmp: { type, code: 0, id: 0 },
  ttl: 255,
  tos: 0,
  sizeBytes: 72,
  dontFragment: false,
  mark: 0,
  ct: null,
  untracked: false,
  zone: 0,
  payload: null,
});
