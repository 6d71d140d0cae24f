/** From an entry of the kernel's table that was read to one of the run. */
import type { ConntrackEntry, Tuple } from '@netverdict/linux-net';
import type { WorldNamespace } from '../world/world.ts';
import type { CtEntry } from './table.ts';
import { TCP_STATES } from './tcp.ts';
import { type CtTuple, invert } from './tuple.ts';

/** Not read: as if there were none, which for the connection of a new port is so. */
export function collectedEntries(ns: WorldNamespace): readonly Omit<CtEntry, 'id'>[] {
  const { conntrack } = ns.net.state;
  return conntrack.known ? conntrack.value.map(entryFrom) : [];
}

export function entryFrom(read: ConntrackEntry): Omit<CtEntry, 'id'> {
  const original = tupleFrom(read.protocol, read.original);
  const reply = tupleFrom(read.protocol, read.reply);
  const plain = invert(original);
  return {
    original,
    reply,
    seenReply: !read.unreplied,
    assured: read.assured,
    confirmed: true,
    // nf_nat_setup_info leaves a confirmed entry as it is, whether or not NAT was there when it was made.
    dstDone: true,
    srcDone: true,
    dstNat: reply.source !== plain.source || reply.sport !== plain.sport,
    srcNat: reply.destination !== plain.destination || reply.dport !== plain.dport,
    mark: read.mark,
    labels: null,
    zone: read.zone,
    ...(read.zoneOf === undefined ? {} : { zoneOf: read.zoneOf }),
    tcp: read.protocol === 6 ? (TCP_STATES.find((state) => state === read.state) ?? 'NONE') : null,
    outOfStep: false,
    masqueradedBy: null,
    drawn: null,
    carried: read.carried ?? null,
    collected: read,
    dead: false,
  };
}

const tupleFrom = (protocol: number, tuple: Tuple): CtTuple => ({
  protocol,
  source: tuple.source,
  destination: tuple.destination,
  sport: tuple.icmp?.id ?? tuple.sport ?? 0,
  dport: tuple.icmp?.id ?? tuple.dport ?? 0,
  icmpType: tuple.icmp?.type ?? 0,
});
