/** Who answers an ARP request (net/ipv4/arp.c: arp_solicit, arp_process). */
import { familyOf, type Ipv4, type Link } from '@netverdict/linux-net';
import type { Member } from '../link/spread.ts';
import type { Packet } from '../packet/packet.ts';
import { routed } from '../path/output-route.ts';
import { routeInput } from '../route/input.ts';
import { flowKey } from '../route/key.ts';
import { selectAddress } from '../route/lookup.ts';
import type { Walk } from '../walk/walk.ts';
import { confOf, maxConf } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';

const SCOPE_LINK = 253;

/** arp_announce: which of its addresses the asker names as its own; null: none (an ARP probe). */
export function requestSource(walk: Walk, ns: WorldNamespace, link: Link, wanted: Ipv4, packet: Packet): Ipv4 | null {
  const own = packet.family === 'ipv4' && ns.net.own.has(packet.source) ? (packet.source as Ipv4) : null;
  const announce = maxConf(ns, link, 'arp_announce') ?? 0;
  const taken =
    announce === 0 ? own !== null : announce === 1 ? own !== null && sameSubnet(ns, link, own, wanted) : false;
  const kept = announce === 0 ? taken : walk.sees('sysctl/arp_announce', taken);
  if (kept && own !== null) return own;
  const selected = selectAddress(ns, link.ifindex, wanted, 'ipv4');
  return typeof selected === 'number' ? (selected as Ipv4) : null;
}

/** inet_addr_onlink: is there a subnet on the device that holds both? */
function sameSubnet(ns: WorldNamespace, link: Link, a: Ipv4, b: Ipv4): boolean {
  return ns.net
    .addressesOn(link.ifindex)
    .some(
      (x) =>
        typeof x.address === 'number' && within(a, x.address, x.prefixLength) && within(b, x.address, x.prefixLength),
    );
}

const within = (a: number, network: number, length: number): boolean =>
  length === 0 || a >>> (32 - length) === network >>> (32 - length);

/** Does the host answer a request that `member.link` has heard? */
export function answersArp(walk: Walk, member: Member, source: Ipv4 | null, wanted: Ipv4): boolean {
  const { ns, link } = member;
  // arp_rcv: a device that does no ARP takes no request.
  if (link.noarp) return !walk.sees('neighbour/noarp-device', true);
  if (source === null) return ns.net.own.has(wanted) && permits(walk, member, 0 as Ipv4, wanted);
  const way = walk.aside(() => routeInput(walk, ns, link, request(source, wanted)));
  if (way.kind === 'local') {
    if (!permits(walk, member, source, wanted)) return false;
    return !orConf(ns, link, 'arp_filter') || walk.sees('sysctl/arp_filter', leavesBy(walk, ns, link, wanted, source));
  }
  if (way.kind !== 'forward') return false;
  if (way.out.ifindex === link.ifindex)
    return orConf(ns, link, 'proxy_arp_pvlan') && source !== wanted && walk.sees('neighbour/proxy_arp_pvlan', true);
  if (orConf(ns, link, 'proxy_arp')) return walk.sees('neighbour/proxy_arp', true);
  return proxyEntry(ns, link, wanted) && walk.sees('neighbour/proxy-entry', true);
}

export function proxyEntry(ns: WorldNamespace, link: Link, wanted: Packet['destination']): boolean {
  const { neighbours } = ns.net.state;
  return neighbours.known && neighbours.value.some((n) => n.proxy && n.dev === link.ifindex && n.address === wanted);
}

/** Its answer depends on its own way back, and so on who asks for it. */
export const filtersByRoute = ({ ns, link }: Member): boolean => orConf(ns, link, 'arp_filter');

const orConf = (ns: WorldNamespace, link: Link, name: string): boolean =>
  Boolean(confOf(ns, 'ipv4', link.name, name) || confOf(ns, 'ipv4', 'all', name));

/** arp_ignore: by default a host answers on any device for each of its addresses. */
function permits(walk: Walk, { ns, link }: Member, source: Ipv4, wanted: Ipv4): boolean {
  const mode = maxConf(ns, link, 'arp_ignore') ?? 0;
  const here = ns.net.addressesOn(link.ifindex).filter((a) => familyOf(a.address) === 'ipv4');
  const has = here.some((a) => a.address === wanted);
  switch (mode) {
    case 1:
      return walk.sees('sysctl/arp_ignore', has);
    case 2:
      // Only to one who asks from a subnet of this device that the address is in as well.
      return walk.sees('sysctl/arp_ignore', has && sameSubnet(ns, link, source, wanted));
    case 3: {
      const { addresses } = ns.net.state;
      const scoped = addresses.known && addresses.value.some((a) => a.address === wanted && a.scope <= SCOPE_LINK);
      return walk.sees('sysctl/arp_ignore', scoped);
    }
    case 8:
      return walk.sees('sysctl/arp_ignore', false);
    default:
      return true;
  }
}

/** arp_filter: the host's own way back to the asker leaves by the device that was asked. */
function leavesBy(walk: Walk, ns: WorldNamespace, link: Link, from: Ipv4, to: Ipv4): boolean {
  const asked = request(from, to);
  // No socket asks: it is in the superuser's name (arp_filter).
  const key = { ...flowKey(asked, 'lo', null), uid: 0 };
  const way = walk.aside(() => routed(walk, ns, asked, key, false));
  return way.ok && way.e.out.ifindex === link.ifindex;
}

/** The request as routing sees it: from who asks to whom it asks for. */
const request = (source: Ipv4, destination: Ipv4): Packet => ({
  family: 'ipv4',
  protocol: 0,
  source,
  destination,
  sport: null,
  dport: null,
  tcpFlags: 0,
  icmp: null,
  ttl: 64,
  tos: 0,
  sizeBytes: 28,
  dontFragment: false,
  mark: 0,
  ct: null,
  untracked: true,
  zone: 0,
  payload: null,
});
