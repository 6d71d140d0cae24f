/**
 * A packet as header layers plus what the kernel keeps beside it (mark, conntrack reference). Immutable: every
 * change is a new value. A tunnel puts the inner frame into `payload` of an outer UDP packet; nothing else is special.
 */
import { type Family, formatIp, type IpAddress, type Mac, type Range, type Socket } from '@netverdict/linux-net';
import type { PacketView } from '@netverdict/verdict';
import type { CtRef } from '../conntrack/table.ts';

export const TCP = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32 } as const;

export interface Packet {
  readonly family: Family;
  /** IANA number. */
  readonly protocol: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly sport: number | null;
  readonly dport: number | null;
  /** NAT drew the port at random out of these: `sport` (`dport` of the answer) is one of them, and stands for all. */
  readonly sportAmong?: Range;
  readonly dportAmong?: Range;
  /** TCP flags byte; 0 for others. */
  readonly tcpFlags: number;
  readonly icmp: Icmp | null;
  readonly ttl: number;
  readonly tos: number;
  /** Of the whole IP packet. */
  readonly sizeBytes: number;
  /** It was cut up: the size of its biggest piece. Absent or null: it is whole. */
  readonly pieceBytes?: number | null;
  readonly dontFragment: boolean;
  /** It was forwarded to the loopback device, which hands it in with the route that it had (skb_valid_dst). */
  readonly forwardedToLoopback?: true;
  /** It came in pieces, and may leave so, even where IPv6 cuts nothing (skb->ignore_df). */
  readonly mayBeCut?: true;
  /** skb->mark: kept within a namespace, cleared on the way to another (skb_scrub_packet). */
  readonly mark: number;
  /** skb->_nfct: which conntrack entry, seen from which side; null before conntrack or when INVALID. */
  readonly ct: CtRef | null;
  readonly untracked: boolean;
  /** Conntrack zone that `CT --zone` gave it: entries of one zone are not seen from another. */
  readonly zone: number;
  /** The zone holds for one direction's tuple only (`--zone-orig`, `--zone-reply`); absent: for both. */
  readonly zoneOf?: 'original' | 'reply';
  /** A rule before conntrack has said how it is to be tracked; later such rules leave it alone. */
  readonly template?: boolean;
  /** It is about an untracked packet, and so was noted down as of a connection, though of none (nf_conntrack_attach). */
  readonly ofUntracked?: true;
  /** The socket that TPROXY found for it (skb->sk). */
  readonly assigned?: Socket;
  /** The frame that it came in, as `mac` and `pkttype` see it; absent where it was made here or its frame was a tunnel's. */
  readonly frame?: {
    readonly source: Mac | null;
    /** Absent or null: not known. */
    readonly destination?: Mac | null;
    readonly cast: 'host' | 'broadcast' | 'multicast' | 'otherhost';
  };
  /** What is not said here is absent: its checksum is left to a device (see checksum.ts). */
  readonly sum?: 'written' | 'none';
  /** Its checksum was made wrong; nobody sees that before it is written. */
  readonly sumWrong?: true;
  /** What of its header counted when connection tracking added it up (see checksum.ts). */
  readonly addedUp?: Pick<Packet, 'tos' | 'ttl'>;
  /** skb->hash of its ports or IPv6 label, once a tunnel has asked for it: the outer source port that was made of it (see vxlan.ts). */
  readonly hashedTo?: number;
  readonly payload: TunnelPayload | null;
}

export interface Icmp {
  readonly type: number;
  readonly code: number;
  /** Of an echo; 0 for others. */
  readonly id: number;
  /** Of an error: the packet that it is about, as it was where it died. */
  readonly about?: Packet;
  /** It is about one of its later pieces, which carries no ports. */
  readonly aboutLaterPiece?: true;
  /** Of "fragmentation needed" and "packet too big". */
  readonly mtuBytes?: number;
}

/** An error about another packet: it is never answered with an error. */
export const isIcmpError = (packet: Packet): boolean => packet.icmp?.about !== undefined;

export interface TunnelPayload {
  readonly kind: 'vxlan';
  readonly vni: number;
  readonly frame: Frame;
}

export interface Frame {
  readonly srcMac: Mac | null;
  /** null: on a link without link-layer addresses, or to the packet's own host. */
  readonly dstMac: Mac | null;
  readonly packet: Packet;
}

/** Headers of every piece: IPv4's own; IPv6's own and a fragment header. The rest is cut at multiples of eight bytes. */
export const FRAGMENT_HEADERS = { ipv4: 20, ipv6: 48 } as const;

/** What has to fit a device: the packet, or its biggest piece. */
export const lengthOf = (packet: Packet): number => packet.pieceBytes ?? packet.sizeBytes;

/** What another namespace gets: no mark, no conntrack reference. Within one (`crosses` false) the mark stays. */
export function scrub(packet: Packet, crosses: boolean): Packet {
  return made(packet, crosses ? 0 : packet.mark);
}

/** Without what its host has found out about it. Written out, since all packets of one form are what makes reading them quick. */
export const bare = (packet: Packet): Packet => made(packet, packet.mark);

function made(packet: Packet, mark: number): Packet {
  const { sportAmong, dportAmong, pieceBytes, sum, sumWrong, hashedTo } = packet;
  const plain: Packet = {
    family: packet.family,
    protocol: packet.protocol,
    source: packet.source,
    destination: packet.destination,
    sport: packet.sport,
    dport: packet.dport,
    tcpFlags: packet.tcpFlags,
    icmp: packet.icmp,
    ttl: packet.ttl,
    tos: packet.tos,
    sizeBytes: packet.sizeBytes,
    dontFragment: packet.dontFragment,
    mark,
    ct: null,
    untracked: false,
    zone: 0,
    payload: packet.payload,
  };
  if (
    sportAmong === undefined &&
    dportAmong === undefined &&
    pieceBytes === undefined &&
    sum === undefined &&
    sumWrong === undefined &&
    hashedTo === undefined
  )
    return plain;
  return {
    ...plain,
    ...(sportAmong === undefined ? {} : { sportAmong }),
    ...(dportAmong === undefined ? {} : { dportAmong }),
    ...(pieceBytes === undefined ? {} : { pieceBytes }),
    ...(sum === undefined ? {} : { sum }),
    ...(sumWrong === undefined ? {} : { sumWrong }),
    ...(hashedTo === undefined ? {} : { hashedTo }),
  };
}

const PROTOCOL_NAMES: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6', 132: 'sctp' };
export const protocolName = (protocol: number): string => PROTOCOL_NAMES[protocol] ?? String(protocol);

export function viewOf(packet: Packet): PacketView {
  const inner = packet.payload?.frame.packet;
  if (packet.payload && inner)
    return {
      ...viewOf(inner),
      outer: {
        source: formatIp(packet.source),
        destination: formatIp(packet.destination),
        vni: packet.payload.vni,
      },
    };
  return {
    protocol: protocolName(packet.protocol),
    source: formatIp(packet.source),
    sport: packet.sport,
    destination: formatIp(packet.destination),
    dport: packet.dport,
    mark: packet.mark,
    sizeBytes: packet.sizeBytes,
  };
}

export function describe(packet: Packet): string {
  const end = (address: IpAddress, port: number | null): string =>
    port === null ? formatIp(address) : `${formatIp(address)}:${port}`;
  const text = `${protocolName(packet.protocol)} ${end(packet.source, packet.sport)} → ${end(packet.destination, packet.dport)}`;
  return packet.payload ? `vxlan ${packet.payload.vni} in ${text}` : text;
}

/** The innermost packet: the one that the user asked about. */
export function innermost(packet: Packet): Packet {
  return packet.payload ? innermost(packet.payload.frame.packet) : packet;
}
