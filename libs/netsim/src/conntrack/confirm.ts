/** When a connection becomes one: before its packet is handed to a neighbour or a socket, whether or not it gets there. */
import type { Packet } from '../packet/packet.ts';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';

/** nf_confirm, the last of all at POSTROUTING and INPUT: from now on the entry's translation is fixed. */
export function confirmEntry(walk: Walk, ns: WorldNamespace, { ct }: Packet): void {
  const entry = ct?.direction === 'original' ? walk.conntrack.get(ns.key, ct.id) : undefined;
  if (entry && !entry.confirmed) walk.conntrack.update(ns.key, entry.id, { confirmed: true });
}
