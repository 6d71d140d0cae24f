/** nf_nat_setup_info: a new connection gets its translation, whichever rule (or none) asked for it. */
import { formatIp, type IfIndex, type IpAddress, type NatRange } from '@netverdict/linux-net';
import { type CtEntry, invert } from '../conntrack/table.ts';
import { sameTuple } from '../conntrack/tuple.ts';
import { entryOf, type RuleContext } from '../netfilter/context.ts';
import type { TargetResult } from '../netfilter/targets/result.ts';
import { afterNat } from '../packet/checksum.ts';
import type { Packet } from '../packet/packet.ts';
import { type Manip, uniqueTuple } from './unique-tuple.ts';

export const NO_RANGE: NatRange = {
  addresses: null,
  ports: null,
  basePort: null,
  random: false,
  randomFully: false,
  persistent: false,
};
export const only = (address: IpAddress): NatRange['addresses'] => ({ from: address, to: address });

type Context = Pick<RuleContext, 'walk' | 'ns' | 'packet'>;

/** What a rule's NAT does: null where there is no connection, or it has its translation already. */
export function setUp(c: Context, range: NatRange, manip: Manip, masqueradedBy: IfIndex | null = null): CtEntry | null {
  const entry = entryOf(c as RuleContext);
  if (!entry || entry.confirmed) return null;
  const current = invert(entry.reply);
  const others = c.walk.conntrack.entries(c.ns.key);
  const found = uniqueTuple(current, range, manip, entry, others);
  const keeps = found.clash && !c.walk.sees('nat/port-clash', true);
  const tuple = keeps ? current : found.tuple;
  const change: { -readonly [K in keyof CtEntry]?: CtEntry[K] } =
    manip === 'dst' ? { dstDone: true } : { srcDone: true };
  if (!sameTuple(tuple, current)) {
    if (manip === 'dst') change.dstNat = true;
    else change.srcNat = true;
    change.reply = invert(tuple);
  }
  if (found.drawn && !keeps) change.drawn = found.drawn;
  if (masqueradedBy !== null) change.masqueradedBy = masqueradedBy;
  c.walk.conntrack.update(c.ns.key, entry.id, change);
  return c.walk.conntrack.get(c.ns.key, entry.id) ?? null;
}

/** For the targets of x_tables and nftables alike: the packet is accepted, and translated if its connection is new. */
export function bind(
  c: RuleContext,
  range: NatRange,
  manip: Manip,
  name: string,
  masqueradedBy: IfIndex | null = null,
): TargetResult {
  const entry = setUp(c, range, manip, masqueradedBy);
  if (!entry) return { does: 'accept', packet: c.packet, said: `${name}: no new connection to translate` };
  const packet = applyMapping(entry, c.packet, manip);
  if (!c.walk.telling) return { does: 'accept', packet, said: '' };
  if (manip === 'src')
    return { does: 'accept', packet, said: `${name}: source becomes ${end(packet.source, packet.sport)}` };
  c.walk.label('backend', `backend ${backendName(c, packet.destination)}${end(packet.destination, packet.dport)}`);
  return { does: 'accept', packet, said: `destination becomes ${end(packet.destination, packet.dport)}` };
}

const end = (address: IpAddress, port: number | null): string =>
  port === null ? formatIp(address) : `${formatIp(address)}:${port}`;

function backendName(c: RuleContext, address: IpAddress): string {
  const pod = c.walk.world.podByAddress.get(address);
  return pod ? `${pod.namespace}/${pod.name} ` : '';
}

/** nf_nat_packet: the mapping that the connection has, applied to one packet of it; itself where nothing changes. */
export function applyMapping(entry: CtEntry, packet: Packet, manip: Manip): Packet {
  if (!packet.ct) return packet;
  const forward = packet.ct.direction === 'original';
  const translated = (manip === 'dst') === forward ? entry.dstNat : entry.srcNat;
  if (!translated) return packet;
  const target = invert(forward ? entry.reply : entry.original);
  return withEnd(packet, manip, target, forward && manip === 'src' ? entry.drawn : null);
}

/** nf_nat_manip_pkt: address, and port or echo id. */
export function withEnd(
  packet: Packet,
  manip: Manip,
  target: CtEntry['original'],
  drawn: CtEntry['drawn'] = null,
): Packet {
  const { icmp } = packet;
  const portless = icmp !== null || packet.sport === null;
  const echo = icmp !== null && icmp.about === undefined ? { icmp: { ...icmp, id: target.sport } } : {};
  if (manip === 'dst') {
    const dport = portless ? packet.dport : target.dport;
    if (packet.destination === target.destination && packet.dport === dport && (echo.icmp?.id ?? icmp?.id) === icmp?.id)
      return packet;
    return afterNat({ ...packet, ...echo, destination: target.destination, dport });
  }
  const sport = portless ? packet.sport : target.sport;
  if (packet.source === target.source && packet.sport === sport && (echo.icmp?.id ?? icmp?.id) === icmp?.id)
    return packet;
  return afterNat({
    ...packet,
    ...echo,
    source: target.source,
    sport,
    ...(drawn && !portless ? { sportAmong: drawn } : {}),
  });
}
