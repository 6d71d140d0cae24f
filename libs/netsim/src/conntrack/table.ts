/**
 * Connection tracking of one run: the entries that the flow's own packets make in each namespace.
 * The kernel's rules for new entries are nf_conntrack_proto_{tcp,udp,icmp}.c's.
 */
import type { IpAddress, NamespaceKey } from '@netverdict/linux-net';
import { type Packet, TCP } from '../packet/packet.ts';

export interface CtTuple {
  readonly protocol: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** ICMP: the echo id in both. */
  readonly sport: number;
  readonly dport: number;
}

export interface CtEntry {
  readonly id: number;
  readonly original: CtTuple;
  readonly reply: CtTuple;
  readonly seenReply: boolean;
  /** nf_nat_initialized() for each kind of change, whether or not it changed anything. */
  readonly dstDone: boolean;
  readonly srcDone: boolean;
  readonly mark: number;
  readonly zone: number;
}

export interface CtRef {
  readonly id: number;
  readonly direction: 'original' | 'reply';
}

export class Conntrack {
  readonly #tables = new Map<NamespaceKey, CtEntry[]>();

  get(key: NamespaceKey, id: number): CtEntry | undefined {
    return this.#tables.get(key)?.[id];
  }

  update(key: NamespaceKey, id: number, change: Partial<Omit<CtEntry, 'id'>>): void {
    const table = this.#tables.get(key);
    const entry = table?.[id];
    if (table && entry) table[id] = { ...entry, ...change };
  }

  /** Is there a TCP connection of which only one direction has passed somewhere? Its next packet is INVALID there. */
  hasHalfSeenTcp(): boolean {
    return [...this.#tables.values()].some((table) => table.some((e) => e.original.protocol === 6 && !e.seenReply));
  }

  /** Does the packet belong to a connection that is tracked already? */
  knows(key: NamespaceKey, packet: Packet): boolean {
    const tuple = tupleOf(packet);
    return (this.#tables.get(key) ?? []).some(
      (e) => e.zone === packet.zone && (sameTuple(e.reply, tuple) || sameTuple(e.original, tuple)),
    );
  }

  /** nf_conntrack_in: finds or makes the entry; null when the packet is INVALID. */
  track(key: NamespaceKey, packet: Packet): CtRef | null {
    const tuple = tupleOf(packet);
    const table = this.#tables.get(key) ?? [];
    this.#tables.set(key, table);
    for (const entry of table) {
      // An ICMP error carries the packet it is about; those are not simulated, so tuples are enough.
      if (entry.zone !== packet.zone) continue;
      if (sameTuple(entry.reply, tuple)) {
        if (!entry.seenReply) table[entry.id] = { ...entry, seenReply: true };
        return { id: entry.id, direction: 'reply' };
      }
      if (sameTuple(entry.original, tuple))
        return impossibleInOriginal(packet, entry) ? null : { id: entry.id, direction: 'original' };
    }
    if (!mayOpen(packet)) return null;
    const entry: CtEntry = {
      id: table.length,
      original: tuple,
      reply: invert(tuple),
      seenReply: false,
      dstDone: false,
      srcDone: false,
      mark: 0,
      zone: packet.zone,
    };
    table.push(entry);
    return { id: entry.id, direction: 'original' };
  }
}

const ECHO_REQUEST = [8, 128];

/** TCP: SYN, or a packet in the middle (nf_conntrack_tcp_loose); never SYN+ACK or RST. ICMP: requests only. */
function mayOpen(packet: Packet): boolean {
  if (packet.protocol === 6)
    return (packet.tcpFlags & TCP.RST) === 0 && (packet.tcpFlags & (TCP.SYN | TCP.ACK)) !== (TCP.SYN | TCP.ACK);
  if (packet.icmp) return ECHO_REQUEST.includes(packet.icmp.type);
  return true;
}

/** The ACK that ends a handshake whose SYN+ACK did not pass here: tcp_conntracks[ORIGINAL][ACK][SYN_SENT] is sIV. */
const impossibleInOriginal = (packet: Packet, entry: CtEntry): boolean =>
  packet.protocol === 6 && !entry.seenReply && (packet.tcpFlags & (TCP.SYN | TCP.ACK)) === TCP.ACK;

export function tupleOf(packet: Packet): CtTuple {
  return {
    protocol: packet.protocol,
    source: packet.source,
    destination: packet.destination,
    sport: packet.icmp ? packet.icmp.id : (packet.sport ?? 0),
    dport: packet.icmp ? packet.icmp.id : (packet.dport ?? 0),
  };
}

export const invert = (t: CtTuple): CtTuple => ({
  protocol: t.protocol,
  source: t.destination,
  destination: t.source,
  sport: t.dport,
  dport: t.sport,
});

export const sameTuple = (a: CtTuple, b: CtTuple): boolean =>
  a.protocol === b.protocol &&
  a.source === b.source &&
  a.destination === b.destination &&
  a.sport === b.sport &&
  a.dport === b.dport;
