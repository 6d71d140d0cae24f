/**
 * Connection tracking of one run (nf_conntrack_core.c): the entries that were collected, and those that the flow's own
 * packets make in each namespace.
 */
import type { ConntrackEntry, IfIndex, NamespaceKey, Range } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import { saneFlags, type TcpState, tcpAfter, tcpOpens, tcpPacket } from './tcp.ts';
import { type CtTuple, invert, opensIcmp, sameTuple, tupleOf } from './tuple.ts';

export interface CtEntry {
  readonly id: number;
  readonly original: CtTuple;
  readonly reply: CtTuple;
  readonly seenReply: boolean;
  readonly assured: boolean;
  /** It has left the namespace, or reached a socket there, once (__nf_conntrack_confirm). */
  readonly confirmed: boolean;
  /** nf_nat_initialized() for each kind of change, whether or not it changed anything. */
  readonly dstDone: boolean;
  readonly srcDone: boolean;
  /** IPS_DST_NAT, IPS_SRC_NAT: it did. */
  readonly dstNat: boolean;
  readonly srcNat: boolean;
  readonly mark: number;
  /** Bit n is label n; null where it was not collected. */
  readonly labels: bigint | null;
  readonly zone: number;
  readonly zoneOf?: 'original' | 'reply';
  readonly tcp: TcpState | null;
  /** A SYN in the middle of the connection was let through: its answer sets the state anew. */
  readonly outOfStep: boolean;
  /** masq_index: the device whose address MASQUERADE took in this run. */
  readonly masqueradedBy: IfIndex | null;
  /** The source port was drawn at random out of these. */
  readonly drawn: Range | null;
  /** What conntrack has counted; null where that was not read of a connection older than this run. */
  readonly carried: Carried | null;
  /** As it was read; null: made in this run. */
  readonly collected: ConntrackEntry | null;
  /** Killed so that its tuple can be used anew. */
  readonly dead: boolean;
}

/** struct nf_conn_counter of each direction. */
export interface Counts {
  readonly packets: number;
  readonly bytes: number;
}
export type Carried = Readonly<Record<'original' | 'reply', Counts>>;

const NONE_CARRIED: Carried = { original: { packets: 0, bytes: 0 }, reply: { packets: 0, bytes: 0 } };
/** What an entry is made with, before any packet is counted and before anything is done to it. */
export const UNTOUCHED = {
  seenReply: false,
  assured: false,
  confirmed: false,
  dstDone: false,
  srcDone: false,
  dstNat: false,
  srcNat: false,
  mark: 0,
  labels: 0n,
  tcp: null,
  outOfStep: false,
  masqueradedBy: null,
  drawn: null,
  carried: null,
  collected: null,
  dead: false,
} satisfies Partial<CtEntry>;

const NO_ENTRIES: readonly never[] = [];

const withOneMore = ({ packets, bytes }: Counts, packet: Packet): Counts => ({
  packets: packets + 1,
  bytes: bytes + packet.sizeBytes,
});

export interface CtRef {
  readonly id: number;
  readonly direction: 'original' | 'reply';
  /** ctinfo: what the packet was to the connection when it was looked up. */
  readonly info: 'new' | 'established' | 'related';
}

/** What decides about packets that are no plain beginning. */
export interface Strictness {
  /** nf_conntrack_tcp_loose. */
  readonly loose: () => boolean;
  /** A packet of a connection that was not seen from its beginning: are its sequence numbers in the window? */
  inWindow(entry: CtEntry): boolean;
  /** One that a RST has ended: was it its opener's? Only that one may open it anew. */
  aborted(entry: CtEntry): boolean;
}

const LENIENT: Strictness = { loose: () => true, inWindow: () => true, aborted: () => false };

type Zone = Pick<CtEntry, 'zone' | 'zoneOf'>;

/** nf_ct_zone_id: a zone for one direction leaves the other in zone 0. */
const zoneId = ({ zone, zoneOf }: Zone, direction: CtRef['direction']): number =>
  zoneOf === undefined || zoneOf === direction ? zone : 0;

export class Conntrack {
  readonly #tables = new Map<NamespaceKey, CtEntry[]>();
  /** Whether the packet that was looked up last is counted as the connection's. */
  #counts = true;

  isSeeded(key: NamespaceKey): boolean {
    return this.#tables.has(key);
  }

  /** The entries that are there before the run. */
  seed(key: NamespaceKey, entries: readonly Omit<CtEntry, 'id'>[]): void {
    if (this.#tables.has(key)) return;
    this.#tables.set(
      key,
      entries.map((entry, id) => ({ ...entry, id })),
    );
  }

  get(key: NamespaceKey, id: number): CtEntry | undefined {
    return this.#tables.get(key)?.[id];
  }

  update(key: NamespaceKey, id: number, change: Partial<Omit<CtEntry, 'id'>>): void {
    const table = this.#tables.get(key);
    const entry = table?.[id];
    // One spread is many times quicker than two.
    if (table && entry) table[id] = Object.assign({ ...entry }, change);
  }

  entries(key: NamespaceKey): readonly CtEntry[] {
    const all = this.#tables.get(key) ?? NO_ENTRIES;
    return all.some((entry) => entry.dead) ? all.filter((entry) => !entry.dead) : all;
  }

  /** Is there a TCP connection of which only one direction has passed somewhere? Its next packet is INVALID there. */
  hasHalfSeenTcp(): boolean {
    return [...this.#tables.values()].some((table) =>
      table.some((e) => e.original.protocol === 6 && e.collected === null && !e.seenReply && !e.dead),
    );
  }

  /** Does the packet belong to a connection that is tracked already? */
  knows(key: NamespaceKey, packet: Packet): boolean {
    return this.#find(key, packet, tupleOf(packet)) !== null;
  }

  /** nf_conntrack_in: finds or makes the entry; null when the packet is INVALID. */
  track(key: NamespaceKey, packet: Packet, strictness: Strictness = LENIENT): CtRef | null {
    this.#counts = true;
    const ref = this.#look(key, packet, strictness);
    // An error is none of the connection's own packets.
    const entry = ref && ref.info !== 'related' && this.#counts ? this.get(key, ref.id) : undefined;
    if (ref && entry?.carried) {
      const { original, reply } = entry.carried;
      const carried =
        ref.direction === 'original'
          ? { original: withOneMore(original, packet), reply }
          : { original, reply: withOneMore(reply, packet) };
      // Looking it up has just made a new entry of it, which nobody else has yet.
      Object.assign(entry, { carried });
    }
    return ref;
  }

  #look(key: NamespaceKey, packet: Packet, strictness: Strictness): CtRef | null {
    if (packet.icmp?.about) return this.#related(key, packet, packet.icmp.about);
    if (packet.protocol === 6 && !saneFlags(packet.tcpFlags)) return null;
    const found = this.#find(key, packet, tupleOf(packet));
    if (!found) return this.#open(key, packet, strictness);
    const { entry, direction } = found;
    if (entry.tcp !== null) return this.#tcp(key, packet, found, entry.tcp, strictness);
    return this.#seen(key, entry, direction, {});
  }

  /** Only what is confirmed is in the kernel's table: a packet that died before it left no trace. */
  #find(key: NamespaceKey, zone: Zone, tuple: CtTuple): { entry: CtEntry; direction: CtRef['direction'] } | null {
    const table = this.#tables.get(key);
    if (!table) return null;
    for (const entry of table) {
      if (entry.dead || !entry.confirmed) continue;
      if (sameTuple(entry.original, tuple) && zoneId(entry, 'original') === zoneId(zone, 'original'))
        return { entry, direction: 'original' };
      if (sameTuple(entry.reply, tuple) && zoneId(entry, 'reply') === zoneId(zone, 'reply'))
        return { entry, direction: 'reply' };
    }
    return null;
  }

  #open(key: NamespaceKey, packet: Packet, strictness: Strictness): CtRef | null {
    const tcp = packet.protocol === 6 ? tcpOpens(packet.tcpFlags, strictness.loose) : null;
    if (packet.protocol === 6 && tcp === null) return null;
    if (packet.icmp && !opensIcmp(packet)) return null;
    const table = this.#tables.get(key) ?? [];
    this.#tables.set(key, table);
    const tuple = tupleOf(packet);
    const entry: CtEntry = {
      ...UNTOUCHED,
      id: table.length,
      original: tuple,
      reply: invert(tuple),
      zone: packet.zone,
      ...(packet.zoneOf === undefined ? {} : { zoneOf: packet.zoneOf }),
      tcp,
      carried: NONE_CARRIED,
    };
    table.push(entry);
    return { id: entry.id, direction: 'original', info: 'new' };
  }

  #seen(key: NamespaceKey, entry: CtEntry, direction: CtRef['direction'], change: Partial<Omit<CtEntry, 'id'>>): CtRef {
    const answered = direction === 'reply' || entry.seenReply;
    this.update(key, entry.id, { ...change, seenReply: answered });
    return { id: entry.id, direction, info: answered ? 'established' : 'new' };
  }

  /** nf_conntrack_tcp_packet. */
  #tcp(
    key: NamespaceKey,
    packet: Packet,
    { entry, direction }: { entry: CtEntry; direction: CtRef['direction'] },
    state: TcpState,
    strictness: Strictness,
  ): CtRef | null {
    const kind = tcpPacket(packet.tcpFlags);
    const next = tcpAfter(direction, kind, state);
    if (next === 'invalid') return null;
    if (next === 'SYN_SENT' && (state === 'TIME_WAIT' || state === 'CLOSE') && direction === 'original') {
      // Closed, or aborted by its opener, it may be opened anew (NF_REPEAT). One that was refused was ended by the other side: ignored.
      if (state === 'CLOSE' && !strictness.aborted(entry)) {
        this.#counts = false;
        return this.#seen(key, entry, direction, { outOfStep: true });
      }
      this.update(key, entry.id, { dead: true });
      return this.#open(key, packet, strictness);
    }
    // What is ignored adds nothing to a connection's counters, nor does the same SYN again (nf_ct_refresh_acct is not reached).
    this.#counts = next !== 'ignored' && (kind !== 'syn' || state !== 'SYN_SENT' || entry.seenReply);
    if (next === 'ignored') {
      if (kind === 'synack' && entry.outOfStep)
        return this.#seen(key, entry, direction, { tcp: 'SYN_RECV', outOfStep: false });
      return this.#seen(key, entry, direction, kind === 'syn' ? { outOfStep: true } : {});
    }
    // Of those made in this run all packets are known, and in the window; a SYN sets the window.
    if (entry.collected && kind !== 'syn' && !strictness.inWindow(entry)) return null;
    const assured =
      entry.assured || (entry.seenReply && next === 'ESTABLISHED' && (state === 'SYN_RECV' || state === 'ESTABLISHED'));
    // A RST before any answer ends it at once: who meets the same RST again does not know it.
    const dead = kind === 'rst' && !entry.seenReply;
    return this.#seen(key, entry, direction, { tcp: next, assured, dead });
  }

  /**
   * nf_conntrack_inet_error: an error belongs to the connection whose packet it is about, and travels against it. A later piece's
   * header tells of none (ipv6_get_l4proto).
   */
  #related(key: NamespaceKey, packet: Packet, about: Packet): CtRef | null {
    if (packet.icmp?.aboutLaterPiece) return null;
    const found = this.#find(key, packet, invert(tupleOf(about)));
    if (!found || found.entry[found.direction].destination !== packet.destination) return null;
    return { id: found.entry.id, direction: found.direction, info: 'related' };
  }
}

/** nf_conntrack_attach: an error or a RST about a packet is of its connection, in the other direction. */
export const attached = (ref: CtRef | null): CtRef | null =>
  ref && { id: ref.id, direction: ref.direction === 'original' ? 'reply' : 'original', info: 'related' };

export { type CtTuple, invert, sameTuple, tupleOf } from './tuple.ts';
