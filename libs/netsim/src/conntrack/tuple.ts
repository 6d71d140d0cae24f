/** One direction of a connection as conntrack knows it (struct nf_conntrack_tuple). */
import type { IpAddress } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';

export interface CtTuple {
  readonly protocol: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** ICMP: the echo id in both. */
  readonly sport: number;
  readonly dport: number;
  /** ICMP: type and code are part of the tuple, so that a request is never taken for an answer; 0 for others. */
  readonly icmpType: number;
}

/** nf_conntrack_proto_icmp{,v6}.c: what answers what; the others open nothing. */
const ANSWERS: Readonly<Record<number, Readonly<Record<number, number>>>> = {
  1: { 8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17 },
  58: { 128: 129, 129: 128, 139: 140, 140: 139 },
};

export function tupleOf(packet: Packet): CtTuple {
  const { icmp } = packet;
  return {
    protocol: packet.protocol,
    source: packet.source,
    destination: packet.destination,
    sport: icmp ? icmp.id : (packet.sport ?? 0),
    dport: icmp ? icmp.id : (packet.dport ?? 0),
    icmpType: icmp ? icmp.type : 0,
  };
}

export const invert = (t: CtTuple): CtTuple => ({
  protocol: t.protocol,
  source: t.destination,
  destination: t.source,
  sport: t.dport,
  dport: t.sport,
  icmpType: ANSWERS[t.protocol]?.[t.icmpType] ?? t.icmpType,
});

export const sameTuple = (a: CtTuple, b: CtTuple): boolean =>
  a.protocol === b.protocol &&
  a.source === b.source &&
  a.destination === b.destination &&
  a.sport === b.sport &&
  a.dport === b.dport &&
  a.icmpType === b.icmpType;

/** A request that opens a connection of its own: echo, timestamp, information, address; of ICMPv6 echo and node information. */
export const opensIcmp = (packet: Packet): boolean =>
  packet.icmp !== null && (packet.protocol === 1 ? [8, 13, 15, 17] : [128, 139]).includes(packet.icmp.type);

/** nf_conntrack_icmpv6_error: multicast listeners' and neighbours' messages are UNTRACKED. */
export const isNotTracked = (packet: Packet): boolean =>
  packet.protocol === 58 && packet.icmp !== null && [130, 131, 132, 133, 134, 135, 136, 143].includes(packet.icmp.type);
