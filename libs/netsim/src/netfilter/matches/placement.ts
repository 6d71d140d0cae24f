/** Where the packet is: kinds of its addresses, bridge ports, reverse path, link layer. */
import type { AddrType, Ipv6, Link, Mac, XtMatch } from '@netverdict/linux-net';
import type { Packet } from '../../packet/packet.ts';
import { addressType, lookup, type RouteResult } from '../../route/lookup.ts';
import { reversePath } from '../../route/reverse-path.ts';
import type { Answer, Devices, NotThere, RuleContext } from '../context.ts';
import { nameIs } from './base.ts';

type Of<K extends XtMatch['kind']> = Extract<XtMatch, { kind: K }>;

export function addrtype(m: Of<'addrtype'>, c: RuleContext): Answer {
  const dev = m.limitIface === 'in' ? c.iif : m.limitIface === 'out' ? c.oif : null;
  const address = m.side === 'source' ? c.packet.source : c.packet.destination;
  if (typeof address === 'bigint') return addrtype6(m, address, dev ?? null, c);
  // __inet_dev_addr_type: all of 0.0.0.0/8.
  if (address >>> 24 === 0) return m.types.includes('BROADCAST');
  const type = addressType(c.ns, address, dev?.ifindex ?? null);
  if (type === 'unknown') return { unknown: `the local routing table of ${c.ns.key}` };
  return m.types.includes(type.toUpperCase() as AddrType);
}

/** match_type6: what the address is by itself must hold of each type asked for; the routes are asked for the rest. */
function addrtype6(m: Of<'addrtype'>, address: Ipv6, dev: Link | null, c: RuleContext): Answer {
  const multicast = address >> 120n === 0xffn;
  if (m.types.includes('MULTICAST') && !multicast) return false;
  if (m.types.includes('UNICAST') && (multicast || address === 0n)) return false;
  if (m.types.includes('UNSPEC') && address !== 0n) return false;
  const routed = m.types.filter((type) => type === 'LOCAL' || type === 'ANYCAST' || type === 'UNREACHABLE');
  if (routed.length === 0) return true;
  const kinds = routedAs(address, dev, c);
  return 'unknown' in kinds ? kinds : routed.some((wanted) => kinds.includes(wanted));
}

/**
 * match_lookup_rt6: the whole of routing is asked as for a packet that is sent to the address from nowhere yet, through the
 * device where one is given. An error is the whole answer.
 */
function routedAs(address: Ipv6, dev: Link | null, c: RuleContext): readonly AddrType[] | { readonly unknown: string } {
  const { ns, walk } = c;
  const result = walk.aside(() =>
    lookup(walk, ns, {
      source: null,
      destination: address,
      mark: 0,
      tos: 0,
      protocol: 0,
      sport: null,
      dport: null,
      iifName: 'lo',
      oif: dev?.ifindex ?? null,
      oifName: dev?.name ?? null,
      uid: 0,
      strictDevice: dev !== null,
      bare: true,
    }),
  );
  if (result.kind === 'unknown') return { unknown: result.missing.text };
  if (result.kind !== 'route') return ['UNREACHABLE'];
  const own = dev
    ? ns.net.addressesOn(dev.ifindex).some((a) => a.address === address && !a.tentative)
    : result.route.type === 'local';
  return [...(own ? ['LOCAL' as const] : []), ...(isAnycast(result, address) ? ['ANYCAST' as const] : [])];
}

/** ipv6_anycast_destination: by its route's type, or the address of a prefix that is on the link. */
function isAnycast({ route, nexthop }: Extract<RouteResult, { kind: 'route' }>, address: Ipv6): boolean {
  if (route.type === 'anycast') return true;
  return route.destination.length < 127 && nexthop?.via == null && route.destination.address === address;
}

export const physdevIn = (m: Of<'physdev-in'>, c: RuleContext): Answer => c.physIn !== null && nameIs(c.physIn, m);
/** Came in by a port and leaves by none: no, negated or not (physdev_mt). */
export function physdevOut(m: Of<'physdev-out'>, c: RuleContext): Answer | NotThere {
  if (c.physOut === null) return c.physIn === null ? false : null;
  return nameIs(c.physOut, m);
}

/** "Bridged" is, for physdev_mt, that there is a port to leave by. */
export function physdevIs(m: Of<'physdev-is'>, c: RuleContext): Answer {
  return m.what === 'in' ? c.physIn !== null : c.physOut !== null;
}

const LIMITED_BROADCAST = 0xffffffff;

/** rpfilter_mt (ipt_rpfilter.c, ip6t_rpfilter.c). */
export function rpfilter(m: Of<'rpfilter'>, c: RuleContext): Answer {
  const { source, destination } = c.packet;
  if (!c.iif || c.iif.loopback) return !m.invert;
  // A host without an address yet asks for one.
  const nobody = typeof source === 'number' ? source >>> 24 === 0 : source === 0n;
  if (nobody && (typeof destination === 'bigint' || destination === LIMITED_BROADCAST || isLocalMulticast(destination)))
    return !m.invert;
  const result = reversePath(c.walk, c.ns, c.iif, c.packet, {
    useMark: m.validmark,
    acceptLocal: m.acceptLocal,
    anyDevice: m.loose,
    addressesAlone: true,
  });
  if (result.kind === 'unknown') return { unknown: result.missing.text };
  const passes = result.kind === 'same-device' || (m.loose && result.kind === 'other-device');
  return passes !== m.invert;
}
/** 224.0.0.0/24. */
const isLocalMulticast = (address: number): boolean => address >>> 8 === 0xe00000;

/** Bridge netfilter shows the rules what is for another host as if it were for this one (setup_pre_routing, br_nf_forward). */
export function castOf({ frame }: Packet, { physIn }: Pick<Devices, 'physIn'>): NonNullable<Packet['frame']>['cast'] {
  const cast = frame?.cast ?? 'host';
  return cast === 'otherhost' && physIn !== null ? 'host' : cast;
}

export const pkttype = (m: Of<'pkttype'>, c: RuleContext): Answer => {
  const cast = c.iif === null ? 'host' : castOf(c.packet, c);
  return cast === (m.type === 'unicast' ? 'host' : m.type);
};

/** Without a link-layer header of an Ethernet device it says no, negated or not (xt_mac.c). */
export function macSource(m: Of<'mac-source'>, c: RuleContext): Answer | NotThere {
  if (c.iif === null || c.iif.loopback) return null;
  const mac = sourceMac(c);
  return mac === null ? { unknown: 'the source MAC address at this point' } : mac.toLowerCase() === m.mac.toLowerCase();
}

/** The source's interface identifier against the frame's source (ip6t_eui64.c). */
export function eui64(_m: Of<'eui64'>, c: RuleContext): Answer | NotThere {
  if (c.iif === null || c.iif.loopback) return null;
  const mac = sourceMac(c);
  if (mac === null) return { unknown: 'the source MAC address at this point' };
  const { source } = c.packet;
  return typeof source === 'bigint' && (source & LOW64) === interfaceId(mac);
}
const LOW64 = (1n << 64n) - 1n;

function interfaceId(mac: Mac): bigint {
  const bits = BigInt(`0x${mac.replaceAll(':', '')}`);
  return (((bits >> 24n) << 40n) | (0xfffen << 24n) | (bits & 0xffffffn)) ^ (2n << 56n);
}

const sourceMac = (c: RuleContext): Mac | null => c.packet.frame?.source ?? null;
