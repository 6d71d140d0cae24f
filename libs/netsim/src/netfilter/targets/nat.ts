/** DNAT, SNAT, MASQUERADE, REDIRECT, NETMAP: the range that each gives a new connection (nf_nat_{redirect,masquerade}.c, xt_{nat,NETMAP}.c). */
import {
  familyOf,
  type IpAddress,
  type Ipv4,
  type Ipv6,
  ip,
  type NatRange,
  SCOPE,
  type XtTarget,
} from '@netverdict/linux-net';
import { bind, NO_RANGE, only } from '../../nat/bind.ts';
import { selectAddress } from '../../route/lookup.ts';
import type { FeatureOf } from '../../walk/features/index.ts';
import type { RuleContext } from '../context.ts';
import type { TargetResult } from './result.ts';

type Of<K extends XtTarget['kind']> = Extract<XtTarget, { kind: K }>;
type Ports = Pick<NatRange, 'ports' | 'random'> & { readonly randomFully?: boolean };

export const dnat = (target: Of<'dnat'>, c: RuleContext): TargetResult =>
  applies(c, 'nat/dnat') ?? bind(c, target.to, 'dst', 'DNAT');

export const snat = (target: Of<'snat'>, c: RuleContext): TargetResult =>
  applies(c, 'nat/snat') ?? bind(c, target.to, 'src', 'SNAT');

/** nf_nat_redirect: the loopback address for local packets, else the first address of the device it came in on. */
export function redirect(target: Ports, c: RuleContext): TargetResult {
  const off = applies(c, 'nat/redirect');
  if (off) return off;
  const address = redirectAddress(c);
  if (address === null)
    return { does: 'no-source', said: `REDIRECT finds no address on ${c.iif?.name ?? 'the device'}` };
  return bind(c, rangeOf(target, address), 'dst', 'REDIRECT');
}

function redirectAddress(c: RuleContext): IpAddress | null {
  const family = familyOf(c.packet.destination);
  if (c.hook === 'OUTPUT') return ip(family === 'ipv4' ? '127.0.0.1' : '::1');
  if (!c.iif) return null;
  // To a link-local address only one of that scope answers (nf_nat_redirect_ipv6_usable).
  const linkLocal = family === 'ipv6' && isLinkLocal(c.packet.destination);
  const usable = c.ns.net
    .addressesOn(c.iif.ifindex)
    .filter((a) => familyOf(a.address) === family && (family === 'ipv4' || !a.tentative))
    .filter((a) => !linkLocal || isLinkLocal(a.address));
  return usable[0]?.address ?? null;
}

const isLinkLocal = (address: IpAddress): boolean => typeof address === 'bigint' && address >> 118n === 0x3fan;

export function netmap(target: Of<'netmap'>, c: RuleContext): TargetResult {
  const off = applies(c, 'nat/netmap');
  if (off) return off;
  const swap = (address: IpAddress): IpAddress => {
    const { address: to, mask } = target;
    if (typeof address === 'number' && typeof to === 'number' && typeof mask === 'number')
      return (((address & ~mask) | (to & mask)) >>> 0) as Ipv4;
    if (typeof address === 'bigint' && typeof to === 'bigint' && typeof mask === 'bigint')
      return ((address & ~mask & ((1n << 128n) - 1n)) | (to & mask)) as Ipv6;
    return address;
  };
  return c.hook === 'PREROUTING' || c.hook === 'OUTPUT'
    ? bind(c, { ...NO_RANGE, addresses: only(swap(c.packet.destination)) }, 'dst', 'NETMAP')
    : bind(c, { ...NO_RANGE, addresses: only(swap(c.packet.source)) }, 'src', 'NETMAP');
}

/** nf_nat_masquerade_ipv{4,6}: the source that the device would give a packet to the next hop. */
export function masquerade(target: Ports, c: RuleContext): TargetResult {
  const off = applies(c, 'nat/masquerade');
  if (off) return off;
  const family = familyOf(c.packet.source);
  const towards = family === 'ipv4' ? (c.nexthop ?? c.packet.destination) : c.packet.destination;
  const address = c.oif && selectAddress(c.ns, c.oif.ifindex, towards, family, SCOPE.global);
  if (!address) return { does: 'no-source', said: `MASQUERADE: ${c.oif?.name ?? 'the device'} has no address to use` };
  return bind(c, rangeOf(target, address), 'src', 'MASQUERADE', c.oif?.ifindex ?? null);
}

const rangeOf = ({ ports, random, randomFully = false }: Ports, address: IpAddress): NatRange => ({
  ...NO_RANGE,
  addresses: only(address),
  ports,
  random,
  randomFully,
});

/** Turned round, the rule would leave the packet as it is. */
function applies(c: RuleContext, feature: FeatureOf<'nat'>): TargetResult | null {
  return c.walk.sees(feature, true) ? null : { does: 'accept', packet: c.packet, said: 'left as it is' };
}
