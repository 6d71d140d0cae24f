/** net/netfilter/nft_ct.c */
import type { Hex, NftExpr } from '@netverdict/linux-net';
import type { Counts, CtEntry, CtTuple } from '../../conntrack/table.ts';
import { ctStates } from '../../netfilter/matches/connection.ts';
import { addressBytes, be } from '../bytes.ts';
import { asRuleContext } from '../context.ts';
import type { Evaluation } from '../evaluation.ts';
import type { Outcome } from '../outcome.ts';
import { isKnown, unknownBytes } from '../registers.ts';

type Of<K extends NftExpr['kind']> = Extract<NftExpr, { kind: K }>;
type Get = Of<'ct'>;

export const entryOf = (e: Evaluation): CtEntry | undefined =>
  e.packet.ct ? e.context.walk.conntrack.get(e.context.ns.key, e.packet.ct.id) : undefined;

/** NF_CT_STATE_BIT of enum ip_conntrack_info; NF_CT_STATE_UNTRACKED_BIT. */
const STATE_BITS: Readonly<Record<string, number>> = { INVALID: 1, ESTABLISHED: 2, RELATED: 4, NEW: 8, UNTRACKED: 64 };

function stateBits(e: Evaluation): number {
  let bits = 0;
  for (const state of ctStates(asRuleContext(e.context, e.packet))) bits |= STATE_BITS[state] ?? 0;
  return bits;
}

/** enum ip_conntrack_status: IPS_* */
const IPS = {
  seenReply: 2,
  assured: 4,
  confirmed: 8,
  srcNat: 0x10,
  dstNat: 0x20,
  srcDone: 0x80,
  dstDone: 0x100,
} as const;

function statusBits(entry: CtEntry): number {
  const has: Readonly<Record<keyof typeof IPS, boolean>> = { ...entry };
  let bits = 0;
  for (const [name, bit] of Object.entries(IPS)) if (has[name as keyof typeof IPS]) bits |= bit;
  return bits;
}

const tupleOf = (x: Get, entry: CtEntry): CtTuple => (x.direction === 'reply' ? entry.reply : entry.original);
const ofFamily = (address: CtTuple['source'], family: 'number' | 'bigint'): Hex | null =>
  typeof address === family ? addressBytes(address) : null;

type Reader = (x: Get, e: Evaluation, entry: CtEntry) => Hex | null;

const READERS: Readonly<Record<string, Reader>> = {
  direction: (_x, e) => be(e.packet.ct?.direction === 'reply' ? 1 : 0, 1),
  status: (_x, e, entry) => e.table.host.bytes(statusBits(entry), 4),
  mark: (_x, e, entry) => e.table.host.bytes(entry.mark, 4),
  l3protocol: (_x, _e, entry) => be(typeof entry.original.source === 'number' ? 2 : 10, 1),
  protocol: (_x, _e, entry) => be(entry.original.protocol, 1),
  zone: (x, e, entry) =>
    e.table.host.bytes(
      x.direction === null || entry.zoneOf === undefined || entry.zoneOf === x.direction ? entry.zone : 0,
      2,
    ),
  // Words of the host's own order (struct nf_conn_labels).
  labels: (_x, e, entry) => (entry.labels === null ? unknownBytes(16) : labelBytes(e, entry.labels)),
  pkts: (x, e, entry) => counter(e, carriedOf(x, entry)?.packets),
  bytes: (x, e, entry) => counter(e, carriedOf(x, entry)?.bytes),
  avgpkt: (x, e, entry) => {
    const counts = carriedOf(x, entry);
    return counter(e, counts && (counts.packets === 0 ? 0 : Math.floor(counts.bytes / counts.packets)));
  },
  src: (x, _e, entry) => addressBytes(tupleOf(x, entry).source),
  dst: (x, _e, entry) => addressBytes(tupleOf(x, entry).destination),
  src_ip: (x, _e, entry) => ofFamily(tupleOf(x, entry).source, 'number'),
  dst_ip: (x, _e, entry) => ofFamily(tupleOf(x, entry).destination, 'number'),
  src_ip6: (x, _e, entry) => ofFamily(tupleOf(x, entry).source, 'bigint'),
  dst_ip6: (x, _e, entry) => ofFamily(tupleOf(x, entry).destination, 'bigint'),
  proto_src: (x, _e, entry) => be(tupleOf(x, entry).sport, 2),
  proto_dst: (x, _e, entry) => be(tupleOf(x, entry).dport, 2),
  // Of the connection that expected this one: none.
  helper: () => null,
};

/** undefined: not read of a connection that is older than the run. */
function carriedOf(x: Get, { carried }: CtEntry): Counts | undefined {
  if (!carried) return undefined;
  if (x.direction !== null) return carried[x.direction];
  const { original, reply } = carried;
  return { packets: original.packets + reply.packets, bytes: original.bytes + reply.bytes };
}

const counter = (e: Evaluation, count: number | undefined): Hex =>
  count === undefined ? unknownBytes(8) : e.table.host.swap(BigInt(count).toString(16).padStart(16, '0'));

function labelBytes(e: Evaluation, labels: bigint): Hex {
  let text = '';
  for (let word = 0; word < 4; word++)
    text += e.table.host.bytes(Number((labels >> BigInt(word * 32)) & 0xffffffffn), 4);
  return text;
}

const LENGTHS: Readonly<Record<string, number>> = {
  secmark: 4,
  expiration: 4,
  eventmask: 4,
  id: 4,
};

export function ct(x: Get, e: Evaluation): Outcome {
  if (x.key === 'state') {
    e.registers.store(x.dreg, e.table.host.bytes(stateBits(e), 4));
    return 'next';
  }
  const entry = entryOf(e);
  if (!entry) return 'break';
  const reader = READERS[x.key];
  const data = reader ? reader(x, e, entry) : unknownBytes(LENGTHS[x.key] ?? 16);
  if (data === null) return 'break';
  e.registers.store(x.dreg, data);
  if (!isKnown(data)) e.unread.add(`ct ${x.key}`);
  return 'next';
}

export function ctSet(x: Of<'ct-set'>, e: Evaluation): Outcome {
  switch (x.key) {
    case 'mark': {
      const entry = entryOf(e);
      if (!entry) return 'next';
      const data = e.registers.load(x.sreg, 4);
      if (!isKnown(data)) return e.unknownEffect(`the connection mark that it sets, from ${e.unreadText()}`);
      const mark = e.table.host.number(data);
      e.context.walk.conntrack.update(e.context.ns.key, entry.id, { mark });
      return { does: 'next', said: `connection mark becomes 0x${mark.toString(16)}` };
    }
    case 'zone': {
      // A template for conntrack, which has not seen the packet yet; afterwards it is too late.
      if (e.packet.ct || e.packet.template) return 'next';
      const data = e.registers.load(x.sreg, 2);
      if (!isKnown(data)) return e.unknownEffect(`the zone that it sets, from ${e.unreadText()}`);
      const zone = e.table.host.number(data);
      const { zoneOf: _, ...packet } = e.packet;
      e.packet = {
        ...packet,
        untracked: false,
        template: true,
        zone,
        ...(x.direction === null ? {} : { zoneOf: x.direction }),
      };
      return { does: 'next', said: `conntrack zone ${zone}` };
    }
    case 'labels': {
      const entry = entryOf(e);
      if (!entry) return 'next';
      const data = e.registers.load(x.sreg, 16);
      if (!isKnown(data)) return e.unknownEffect(`the labels that it sets, from ${e.unreadText()}`);
      // Added to those that it has: what is set is its own mask (nft_ct_set_eval, nf_connlabels_replace).
      if (entry.labels === null) return 'next';
      let { labels } = entry;
      for (let word = 0; word < 4; word++)
        labels |= BigInt(e.table.host.number(data.slice(word * 8, word * 8 + 8))) << BigInt(word * 32);
      e.context.walk.conntrack.update(e.context.ns.key, entry.id, { labels });
      return 'next';
    }
    case 'eventmask':
    case 'secmark':
      return 'next';
    default:
      return e.unknownEffect(`ct ${x.key} being set`);
  }
}

/** nft_notrack_eval: what has a connection already keeps it. */
export function notrack(_x: Of<'notrack'>, e: Evaluation): Outcome {
  if (e.packet.ct || e.packet.untracked || e.packet.template) return 'next';
  e.packet = { ...e.packet, untracked: true, ct: null };
  return { does: 'next', said: 'not tracked' };
}
