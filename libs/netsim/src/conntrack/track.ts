/** nf_conntrack_in at its place in a hook: the packet gets its connection, or is dropped where the table has no room. */
import type { At, HookResult } from '../netfilter/hook.ts';
import { ctStates } from '../netfilter/matches/connection.ts';
import type { Packet } from '../packet/packet.ts';
import { citeAbsence } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { WorldNamespace } from '../world/world.ts';

export function track(at: At, packet: Packet): HookResult {
  const { walk, ns } = at;
  // Over loopback the packet keeps the reference that OUTPUT gave it.
  if (packet.untracked || packet.ct) return { ok: true, packet };
  const full = tableFull(at, packet);
  if (full) return { ok: false, next: full };
  const tracked = { ...packet, ct: walk.conntrack.track(ns.key, packet) };
  const states = ctStates({ ...at.devices, walk, ns, hook: at.hook, packet: tracked });
  if (hasRules(ns, packet))
    walk.step(ns, {
      kind: 'conntrack',
      text: `conntrack: ${states.join(',')}`,
      action: 'pass',
      detail: { hook: at.hook, state: states.join(',') },
    });
  return { ok: true, packet: tracked };
}

/**
 * nf_conntrack_alloc drops the packet that would need a new entry, unless an entry that no answer has confirmed can be thrown
 * out (early_drop): which of both cannot be told from the counts.
 */
function tableFull({ walk, ns, hook }: At, packet: Packet): Next | null {
  const { conntrackTable } = ns.net.state;
  if (!conntrackTable.known || packet.untracked || packet.ct || walk.conntrack.knows(ns.key, packet)) return null;
  const { count, max } = conntrackTable.value;
  if (max <= 0 || count < max) return null;
  const missing = {
    kind: 'other' as const,
    place: ns.key,
    node: ns.node,
    text: `the connection tracking table is full (${count} of ${max}): new connections are dropped unless an unanswered one makes room`,
    zh: `连接跟踪表已满(${count}/${max}):除非有未应答的条目可被替换,新连接会被丢弃`,
    evidence: [citeAbsence(conntrackTable, 'conntrack-table', `count ${count}, max ${max}`)],
  };
  return walk.ask(ns, `the table has room at ${hook}`, missing, `${walk.direction} ${ns.key} conntrack full`)
    ? null
    : walk.lost(ns, packet, missing);
}

const hasRules = (ns: WorldNamespace, packet: Packet): boolean =>
  ns.net.rulesets[packet.family].some((r) => !r.known || r.value.tables.size > 0);
