/**
 * The NAT of one hook (nf_nat_core.c: nf_nat_inet_fn): rules are asked for the first packet of a connection only, and a
 * connection that none translates is bound to what it has; afterwards its mapping applies.
 */
import type { Link } from '@netverdict/linux-net';
import type { CtEntry } from '../conntrack/table.ts';
import { invert } from '../conntrack/tuple.ts';
import type { At, HookResult } from '../netfilter/hook.ts';
import { natManip } from '../netfilter/hooks.ts';
import { describe, isIcmpError, type Packet } from '../packet/packet.ts';
import { applyMapping, NO_RANGE, only, setUp, withEnd } from './bind.ts';

/** nf_nat_initialized: has the connection had its chance of a translation at this kind of hook? */
export function isSetUp({ walk, ns, hook }: Pick<At, 'walk' | 'ns' | 'hook'>, packet: Packet): boolean {
  const entry = packet.ct && walk.conntrack.get(ns.key, packet.ct.id);
  if (!entry) return true;
  return natManip(hook) === 'dst' ? entry.dstDone : entry.srcDone;
}

/**
 * `askChains` asks the nat chains of the hook in their order, until one translates (`isSetUp`) or ends the packet. To be
 * called at all four hooks where a namespace has any nat chain of the family: the kernel registers them together.
 */
export function translate(at: At, packet: Packet, askChains: (packet: Packet) => HookResult): HookResult {
  const { walk, ns } = at;
  const { ct } = packet;
  const entry = ct && walk.conntrack.get(ns.key, ct.id);
  if (!ct || !entry) return { ok: true, packet };
  const manip = natManip(at.hook);
  if (isIcmpError(packet)) return tell(at, packet, translateError(entry, packet, manip));
  // A RST that a rule sends belongs to the connection before it is set up: the rules are asked for it too.
  if (ct.info !== 'established' && !isSetUp(at, packet)) {
    const asked = askChains(packet);
    if (!asked.ok || isSetUp(at, packet)) return asked;
    return bindNothing(at, asked.packet);
  }
  const changed = overAnotherDevice(at, entry, packet);
  if (changed) return changed;
  return tell(at, packet, applyMapping(entry, packet, manip));
}

/** nf_nat_alloc_null_binding: the addresses stay; a source port that another connection has does not. */
function bindNothing(at: At, packet: Packet): HookResult {
  const { walk, ns } = at;
  const manip = natManip(at.hook);
  const entry = packet.ct && walk.conntrack.get(ns.key, packet.ct.id);
  if (!entry) return { ok: true, packet };
  const current = invert(entry.reply);
  const range = { ...NO_RANGE, addresses: only(manip === 'src' ? current.source : current.destination) };
  const bound = setUp({ walk, ns, packet }, range, manip);
  if (!bound || !walk.sees('nat/null-binding', true)) return { ok: true, packet };
  return tell(at, packet, applyMapping(bound, packet, manip));
}

function tell(at: At, packet: Packet, mapped: Packet): HookResult {
  if (mapped === packet || !at.walk.sees(packet.ct?.direction === 'reply' ? 'nat/reply' : 'nat/mapping', true))
    return { ok: true, packet };
  at.walk.step(at.ns, () => ({
    kind: 'nat',
    text: `${at.hook}: the connection's translation applies: ${describe(mapped)}`,
    action: 'change',
    detail: { hook: at.hook, table: 'nat' },
    packet: mapped,
  }));
  return { ok: true, packet: mapped };
}

/** nf_nat_icmp_reply_translation: the error as the packet's sender knows it, outside and inside. */
function translateError(entry: CtEntry, packet: Packet, manip: 'dst' | 'src'): Packet {
  const { ct, icmp } = packet;
  if (!ct || !icmp?.about) return packet;
  const forward = ct.direction === 'original';
  if (!((manip === 'dst') === forward ? entry.dstNat : entry.srcNat)) return packet;
  const inside = forward ? entry.reply : entry.original;
  const about = withEnd(icmp.about, manip === 'dst' ? 'src' : 'dst', inside);
  return { ...withEnd(packet, manip, invert(inside)), icmp: { ...icmp, about } };
}

/** nf_nat_oif_changed: a masqueraded connection that would leave by another device is given up. */
function overAnotherDevice(at: At, entry: CtEntry, packet: Packet): HookResult | null {
  const { walk, ns, hook, devices } = at;
  if (hook !== 'POSTROUTING' || packet.ct?.direction !== 'original' || !devices.oif || !entry.srcNat) return null;
  const missing = {
    kind: 'other' as const,
    place: ns.key,
    node: ns.node,
    text: `the connection was translated for another device than ${devices.oif.name}: if by MASQUERADE, its packets are dropped here`,
    zh: `该连接是按 ${devices.oif.name} 之外的设备做的地址转换:如果由 MASQUERADE 转换,其数据包会在此被丢弃`,
    evidence: entry.collected
      ? [{ section: null, kind: 'conntrack', line: entry.collected.line, text: entry.collected.text }]
      : [],
  };
  if (entry.masqueradedBy !== null) {
    if (entry.masqueradedBy === devices.oif.ifindex) return null;
    return { ok: false, next: walk.lost(ns, packet, missing) };
  }
  if (!entry.collected || !mayHaveBeenMasqueraded(at, entry, devices.oif)) return null;
  return walk.ask(ns, 'it was not MASQUERADE', missing, `${ns.key} masqueraded ${entry.id}`)
    ? null
    : { ok: false, next: walk.lost(ns, packet, missing) };
}

/** The source that it got is of another device of the namespace, and not of this one. */
const mayHaveBeenMasqueraded = ({ ns }: At, { reply }: CtEntry, oif: Link): boolean =>
  ns.net.own.has(reply.destination) &&
  !ns.net.addressesOn(oif.ifindex).some((address) => address.address === reply.destination);
