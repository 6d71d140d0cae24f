/** ip_local_out: output routing, OUTPUT, routing again where the packet was changed, then out. */
import { formatIp, type IfIndex, type Link } from '@netverdict/linux-net';
import { cgroupPrograms } from '../link/programs.ts';
import { xfrmPolicies } from '../link/xfrm.ts';
import { NO_DEVICES } from '../netfilter/context.ts';
import { runHook, unreadRulesets } from '../netfilter/hook.ts';
import { describe, type Packet } from '../packet/packet.ts';
import { flowKey, routeFailure, routeText } from '../route/input.ts';
import { lookup } from '../route/lookup.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { stopUnread, unreadHost } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { type Egress, egress } from './egress.ts';

type OutputRoute = { readonly ok: true; readonly e: Egress } | { readonly ok: false; readonly next: Next };

export function localOutput(walk: Walk, ns: WorldNamespace, packet: Packet, oif: IfIndex | null): Next {
  const host = unreadHost(ns);
  if (host) return stopUnread(walk, ns, packet, host);
  const program =
    (walk.direction === 'forward' && !walk.confirming ? cgroupPrograms(walk, ns, 'connect', packet) : null) ??
    cgroupPrograms(walk, ns, 'egress', packet);
  if (program) return program;
  const first = routeOutput(walk, ns, packet, oif, true);
  if (!first.ok) return first.next;
  const policy = xfrmPolicies(walk, ns, 'out', packet);
  if (policy) return policy;
  const unread = unreadRulesets(walk, ns, packet);
  if (unread) return unread;
  const at = (e: Egress) => ({
    walk,
    ns,
    hook: 'OUTPUT' as const,
    devices: { ...NO_DEVICES, oif: e.out, nexthop: e.via },
  });
  const early = runHook(at(first.e), packet, ['raw', 'conntrack', 'mangle']);
  if (!early.ok) return early.next;
  let e = first.e;
  let current = early.packet;
  // ip_route_me_harder: after mangle for mark, addresses and TOS, after nat for the destination.
  if (current.mark !== packet.mark || current.tos !== packet.tos) {
    const again = routeOutput(walk, ns, current, oif, true);
    if (!again.ok) return again.next;
    e = again.e;
  }
  const nat = runHook(at(e), current, ['nat']);
  if (!nat.ok) return nat.next;
  if (nat.packet.destination !== current.destination || nat.packet.dport !== current.dport) {
    const again = routeOutput(walk, ns, nat.packet, null, true);
    if (!again.ok) return again.next;
    e = again.e;
  }
  current = nat.packet;
  const late = runHook(at(e), current, ['filter', 'security']);
  if (!late.ok) return late.next;
  return egress(walk, ns, e, late.packet);
}

/** A local destination leaves by loopback, whichever device has the address. */
export function routeOutput(
  walk: Walk,
  ns: WorldNamespace,
  packet: Packet,
  oif: IfIndex | null,
  tell: boolean,
): OutputRoute {
  const bound = oif === null ? null : (ns.net.linkByIndex.get(oif) ?? null);
  const result = lookup(walk, ns, flowKey(packet, 'lo', bound));
  if (result.kind === 'unknown') return { ok: false, next: walk.unknown(ns, packet, result.missing) };
  if (result.kind !== 'route') return { ok: false, next: routeFailure(walk, ns, null, packet, result) };
  const { route, nexthop } = result;
  const out = outDevice(ns, route.type === 'local', nexthop?.dev ?? null);
  if (!out)
    return { ok: false, next: routeFailure(walk, ns, null, packet, { kind: 'none', evidence: result.evidence }) };
  if (tell)
    walk.step(ns, {
      kind: 'route',
      text: `route: ${route.type === 'local' ? `${formatIp(packet.destination)} is this host's own` : nexthop ? routeText(ns, route, nexthop) : describe(packet)}`,
      action: 'pass',
      detail: { dev: out.name, via: nexthop?.via == null ? null : formatIp(nexthop.via) },
      evidence: result.evidence,
    });
  return {
    ok: true,
    e: { route: route.type === 'local' ? null : route, via: nexthop?.via ?? null, out, iif: null, physIn: null },
  };
}

function outDevice(ns: WorldNamespace, local: boolean, dev: IfIndex | null): Link | undefined {
  if (local) return [...ns.net.linkByIndex.values()].find((link) => link.loopback);
  return dev === null ? undefined : ns.net.linkByIndex.get(dev);
}
