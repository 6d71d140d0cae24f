/** What a route lookup is asked with (struct flowi4, flowi6). */
import type { IfIndex, IpAddress, Link } from '@netverdict/linux-net';
import { tracks } from '../answer/pieces.ts';
import { bringsHash } from '../packet/hash.ts';
import type { Packet } from '../packet/packet.ts';
import type { WorldNamespace } from '../world/world.ts';

export interface FlowKey {
  /** null: not chosen yet. */
  readonly source: IpAddress | null;
  readonly destination: IpAddress;
  readonly mark: number;
  /** The whole TOS byte or traffic class. */
  readonly tos: number;
  readonly protocol: number;
  readonly sport: number | null;
  readonly dport: number | null;
  /**
   * What is read of the packet itself, which is done only where some rule needs it (fib4_rules_early_flow_dissect,
   * fib6_rules_early_flow_dissect); elsewhere rules see 0 there. Absent: who sends has said it all.
   */
  readonly dissected?: 'ports' | 'protocol and ports';
  /** `lo` for locally made packets. */
  readonly iifName: string;
  readonly oif: IfIndex | null;
  readonly oifName: string | null;
  /** Of the sending socket; null: not known. Absent: the flow's own, and the superuser's where the kernel itself asks. */
  readonly uid?: number | null | undefined;
  /** IPv6: routes through other devices than `oif` do not count (RT6_LOOKUP_F_IFACE), instead of counting less. */
  readonly strictDevice?: boolean;
  /** The buffer brought a hash of its own, which spreads over next hops instead of one of these fields (skb->l4_hash). */
  readonly hashed?: true;
  /** The lookup alone: of several next hops the first, nothing chooses among them (fib_lookup without fib_select_path). */
  readonly bare?: boolean;
  /** Next hops without a carrier count whatever the sysctl says (FIB_LOOKUP_IGNORE_LINKSTATE). */
  readonly ignoreLinkState?: boolean;
}

/** Policy rules do not see ports of pieces, not even of the first one (fib4_rules_early_flow_dissect without FLOW_DISSECTOR_F_PARSE_1ST_FRAG). */
export const inputKey = (ns: WorldNamespace, packet: Packet, iif: Link, oif: Link | null): FlowKey => {
  // ip6_route_input takes the protocol of the header.
  const dissected = packet.family === 'ipv4' ? 'protocol and ports' : 'ports';
  const key: FlowKey = {
    ...flowKey(packet, iif.name, oif),
    dissected,
    ...(bringsHash(packet) ? { hashed: true } : {}),
  };
  return packet.pieceBytes == null || tracks(ns, packet.family) ? key : { ...key, sport: null, dport: null };
};

export function flowKey(packet: Packet, iifName: string, oif: Link | null): FlowKey {
  return {
    source: packet.source,
    destination: packet.destination,
    mark: packet.mark,
    tos: packet.tos,
    protocol: packet.protocol,
    sport: packet.sport,
    dport: packet.dport,
    iifName,
    oif: oif?.ifindex ?? null,
    oifName: oif?.name ?? null,
    uid: iifName === 'lo' ? undefined : 0,
  };
}

/** A raw socket asks without ports (raw_sendmsg, rawv6_sendmsg): the TCP header that it was given is only bytes to it. */
export const ofRawSocket = (key: FlowKey): FlowKey => ({ ...key, sport: null, dport: null });
