/** The NAT of one hook (nf_nat_inet_fn): rules are asked for the first packet of a connection only; afterwards its mapping applies. */
import type { At, HookResult } from '../netfilter/hook.ts';
import { natManip } from '../netfilter/hooks.ts';
import { applyMapping } from '../netfilter/targets/nat.ts';
import { describe, type Packet } from '../packet/packet.ts';

/** nf_nat_initialized: has the connection had its chance of a translation at this kind of hook? */
export function isSetUp({ walk, ns, hook }: Pick<At, 'walk' | 'ns' | 'hook'>, packet: Packet): boolean {
  const entry = packet.ct && walk.conntrack.get(ns.key, packet.ct.id);
  if (!entry) return true;
  return natManip(hook) === 'dst' ? entry.dstDone : entry.srcDone;
}

/** `askChains` asks the nat chains of the hook in their order, until one translates (`isSetUp`) or ends the packet. */
export function translate(at: At, packet: Packet, askChains: (packet: Packet) => HookResult): HookResult {
  const { walk, ns } = at;
  if (!packet.ct) return { ok: true, packet };
  const manip = natManip(at.hook);
  if (packet.ct.direction === 'original' && !isSetUp(at, packet)) {
    const result = askChains(packet);
    if (result.ok && !isSetUp(at, packet))
      walk.conntrack.update(ns.key, packet.ct.id, manip === 'dst' ? { dstDone: true } : { srcDone: true });
    return result;
  }
  const entry = walk.conntrack.get(ns.key, packet.ct.id);
  if (!entry) return { ok: true, packet };
  const mapped = applyMapping(entry, packet, manip);
  if (mapped !== packet)
    walk.step(ns, {
      kind: 'nat',
      text: `${at.hook}: the connection's translation applies: ${describe(mapped)}`,
      action: 'change',
      detail: { hook: at.hook, table: 'nat' },
      packet: mapped,
    });
  return { ok: true, packet: mapped };
}
