/** DNAT, SNAT, MASQUERADE, REDIRECT, NETMAP: they set the mapping of a new connection (nf_nat_setup_info). */
import {
  familyOf,
  formatIp,
  type IpAddress,
  type Ipv4,
  type Ipv6,
  ip,
  type NatRange,
  SCOPE,
  type XtTarget,
} from '@netverdict/linux-net';
import type { CtEntry } from '../../conntrack/table.ts';
import type { Packet } from '../../packet/packet.ts';
import { selectAddress } from '../../route/lookup.ts';
import { entryOf, type RuleContext } from '../context.ts';
import type { TargetResult } from './result.ts';

type Of<K extends XtTarget['kind']> = Extract<XtTarget, { kind: K }>;

const end = (address: IpAddress, port: number | null): string =>
  port === null ? formatIp(address) : `${formatIp(address)}:${port}`;

/** Ranges of more addresses than this are not spread out one by one. */
const MOST_ADDRESSES = 64;

export function dnat(target: Of<'dnat'>, c: RuleContext): TargetResult {
  const address = pickAddress(target.to, c.packet.destination, c);
  if (address === null) return { does: 'unknown', what: 'DNAT to a large range of addresses' };
  const port = pickPort(target.to, c.packet.dport);
  if (target.to.ports !== null && target.to.ports.from === 0) return { does: 'unknown', what: 'DNAT to port 0' };
  return mapDestination(c, address, port);
}

export function redirect(target: Of<'redirect'>, c: RuleContext): TargetResult {
  const family = familyOf(c.packet.destination);
  // nf_nat_redirect: the loopback address for local packets, else the first address of the device it came in on.
  const address =
    c.hook === 'OUTPUT'
      ? ip(family === 'ipv4' ? '127.0.0.1' : '::1')
      : c.iif && selectAddress(c.ns, c.iif.ifindex, null, family);
  if (!address) return { does: 'no-source', said: `REDIRECT finds no address on ${c.iif?.name ?? 'the device'}` };
  return mapDestination(c, address, target.ports ? target.ports.from : c.packet.dport);
}

export function netmap(target: Of<'netmap'>, c: RuleContext): TargetResult {
  const swap = (address: IpAddress): IpAddress => {
    const { address: to, mask } = target;
    if (typeof address === 'number' && typeof to === 'number' && typeof mask === 'number')
      return (((address & ~mask) | (to & mask)) >>> 0) as Ipv4;
    if (typeof address === 'bigint' && typeof to === 'bigint' && typeof mask === 'bigint')
      return ((address & ~mask & ((1n << 128n) - 1n)) | (to & mask)) as Ipv6;
    return address;
  };
  return c.hook === 'PREROUTING' || c.hook === 'OUTPUT'
    ? mapDestination(c, swap(c.packet.destination), c.packet.dport)
    : mapSource(c, swap(c.packet.source), c.packet.sport, 'NETMAP');
}

export function snat(target: Of<'snat'>, c: RuleContext): TargetResult {
  const address = pickAddress(target.to, c.packet.source, c);
  if (address === null) return { does: 'unknown', what: 'SNAT to a large range of addresses' };
  const { ports } = target.to;
  const inside =
    ports === null || (c.packet.sport !== null && c.packet.sport >= ports.from && c.packet.sport <= ports.to);
  return mapSource(c, address, inside ? c.packet.sport : ports.from, 'SNAT');
}

export function masquerade(target: Of<'masquerade'>, c: RuleContext): TargetResult {
  const family = familyOf(c.packet.source);
  const address = c.oif && selectAddress(c.ns, c.oif.ifindex, c.nexthop ?? c.packet.destination, family, SCOPE.global);
  if (!address) return { does: 'no-source', said: `MASQUERADE: ${c.oif?.name ?? 'the device'} has no address to use` };
  const { ports } = target;
  const inside =
    ports === null || (c.packet.sport !== null && c.packet.sport >= ports.from && c.packet.sport <= ports.to);
  return mapSource(c, address, inside ? c.packet.sport : ports.from, 'MASQUERADE');
}

function pickAddress(range: NatRange, current: IpAddress, c: RuleContext): IpAddress | null {
  if (!range.addresses) return current;
  const { from, to } = range.addresses;
  const count = Number(BigInt(to) - BigInt(from)) + 1;
  if (count <= 1) return from;
  if (count > MOST_ADDRESSES) return null;
  const at = (i: number): IpAddress => (typeof from === 'number' ? ((from + i) as Ipv4) : ((from + BigInt(i)) as Ipv6));
  const options = Array.from({ length: count }, (_, i) => ({ label: `backend ${formatIp(at(i))}`, share: 1 / count }));
  return at(c.walk.choose('backend', options));
}

/** The kernel keeps the port where the range holds it, else takes a free one: the first, for us. */
function pickPort(range: NatRange, current: number | null): number | null {
  if (!range.ports || current === null) return range.ports ? range.ports.from : current;
  const { from, to } = range.ports;
  if (range.basePort !== null) return from + ((current - range.basePort) % (to - from + 1));
  return current >= from && current <= to ? current : from;
}

function mapDestination(c: RuleContext, address: IpAddress, port: number | null): TargetResult {
  const entry = entryOf(c);
  if (!entry) return { does: 'accept', packet: c.packet, said: 'no connection to translate' };
  c.walk.conntrack.update(c.ns.key, entry.id, {
    reply: { ...entry.reply, source: address, sport: c.packet.icmp ? entry.reply.sport : (port ?? 0) },
    dstDone: true,
  });
  const packet: Packet = { ...c.packet, destination: address, dport: c.packet.icmp ? null : port };
  c.walk.label('backend', `backend ${backendName(c, address)}${end(address, packet.dport)}`);
  return { does: 'accept', packet, said: `destination becomes ${end(address, packet.dport)}` };
}

function backendName(c: RuleContext, address: IpAddress): string {
  const pod = c.walk.world.podByAddress.get(address);
  return pod ? `${pod.namespace}/${pod.name} ` : '';
}

function mapSource(c: RuleContext, address: IpAddress, port: number | null, name: string): TargetResult {
  const entry = entryOf(c);
  if (!entry) return { does: 'accept', packet: c.packet, said: 'no connection to translate' };
  c.walk.conntrack.update(c.ns.key, entry.id, {
    reply: { ...entry.reply, destination: address, dport: c.packet.icmp ? entry.reply.dport : (port ?? 0) },
    srcDone: true,
  });
  const packet: Packet = { ...c.packet, source: address, sport: c.packet.icmp ? null : port };
  return { does: 'accept', packet, said: `${name}: source becomes ${end(address, packet.sport)}` };
}

/** The mapping that the connection has already, applied to one more packet of it (nf_nat_packet). */
export function applyMapping(entry: CtEntry, packet: Packet, manip: 'dst' | 'src'): Packet {
  if (!packet.ct) return packet;
  const tuple = packet.ct.direction === 'original' ? entry.reply : entry.original;
  if (manip === 'dst')
    return tuple.source === packet.destination && (packet.icmp !== null || tuple.sport === packet.dport)
      ? packet
      : { ...packet, destination: tuple.source, dport: packet.icmp ? null : tuple.sport };
  return tuple.destination === packet.source && (packet.icmp !== null || tuple.dport === packet.sport)
    ? packet
    : { ...packet, source: tuple.destination, sport: packet.icmp ? null : tuple.dport };
}
