/** When a connection becomes one: before its packet is handed to a neighbour or a socket, whether or not it gets there. */
import { formatIp } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import { cite } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';
import type { CtEntry } from './table.ts';
import { sameTuple } from './tuple.ts';

/**
 * nf_confirm, the last of all at POSTROUTING and INPUT: from now on the entry's translation is fixed. One whose answers would look
 * like another connection's cannot be entered (nf_ct_resolve_clash): its packet is dropped, and that is what is returned.
 */
export function confirmEntry(walk: Walk, ns: WorldNamespace, packet: Packet): Next | null {
  const { ct } = packet;
  const entry = ct?.direction === 'original' ? walk.conntrack.get(ns.key, ct.id) : undefined;
  if (!entry || entry.confirmed) return null;
  const other = walk.conntrack.entries(ns.key).find((e) => clashes(entry, e));
  if (other && walk.sees('nat/confirm-clash', true)) return drop(walk, ns, packet, entry, other);
  walk.conntrack.update(ns.key, entry.id, { confirmed: true });
  return null;
}

/** Only a translation makes two original tuples meet in one tuple of answers. */
const clashes = (entry: CtEntry, other: CtEntry): boolean =>
  other.id !== entry.id &&
  other.confirmed &&
  !other.dead &&
  other.zone === entry.zone &&
  (sameTuple(other.reply, entry.reply) || sameTuple(other.original, entry.reply)) &&
  !sameTuple(other.original, entry.original);

function drop(walk: Walk, ns: WorldNamespace, packet: Packet, { reply }: CtEntry, other: CtEntry): Next {
  const translated = `${formatIp(reply.destination)}:${reply.dport}`;
  const to = `${formatIp(reply.source)}:${reply.sport}`;
  const line = other.collected;
  return walk.stop(
    ns,
    packet,
    'filtered-by-kernel',
    { kind: 'nat-clash', translated, to, entry: line },
    `another connection to ${to} has ${translated} already: this one cannot be tracked`,
    { evidence: line ? [cite(ns.net.state.conntrack, 'conntrack', line)] : [], kind: 'conntrack' },
  );
}
