/** ip_local_out: output routing, OUTPUT, routing again where the packet was changed, then out. */
import type { IfIndex, Link } from '@netverdict/linux-net';
import { cgroupPrograms } from '../link/programs.ts';
import { xfrmPolicies } from '../link/xfrm.ts';
import { NO_DEVICES } from '../netfilter/context.ts';
import { runHook, unreadRulesets } from '../netfilter/hook.ts';
import type { Packet } from '../packet/packet.ts';
import { isLinkLocal } from '../route/addresses.ts';
import { routeFailure, tellRoute } from '../route/input.ts';
import { type FlowKey, flowKey } from '../route/key.ts';
import { routeOut } from '../route/output.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { stopUnread, unreadHost } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { type Egress, egress } from './egress.ts';

type OutputRoute = { readonly ok: true; readonly e: Egress } | { readonly ok: false; readonly next: Next };

/** `sourceChosen`: the kernel took the source from the route that it found without one; IPv6 keeps that route. */
export function localOutput(
  walk: Walk,
  ns: WorldNamespace,
  packet: Packet,
  oif: IfIndex | null,
  sourceChosen = false,
): Next {
  const host = unreadHost(ns);
  if (host) return stopUnread(walk, ns, packet, host);
  const program =
    (walk.direction === 'forward' && !walk.confirming ? cgroupPrograms(walk, ns, 'connect', packet) : null) ??
    cgroupPrograms(walk, ns, 'egress', packet);
  if (program) return program;
  const first = routed(walk, ns, packet, keyOf(walk, ns, packet, oif, sourceChosen), true);
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
  const early = runHook(at(first.e), packet, ['raw', 'conntrack']);
  if (!early.ok) return early.next;
  let e = first.e;
  // ip_route_me_harder: mangle asks for a new route when it changed what a route depends on. A mark that raw set does not.
  const mangled = runHook(at(e), early.packet, ['mangle']);
  if (!mangled.ok) return mangled.next;
  if (changesRoute(early.packet, mangled.packet)) {
    const again = reroute(walk, ns, mangled.packet, oif, e);
    if (!again.ok) return again.next;
    e = again.e;
  }
  const nat = runHook(at(e), mangled.packet, ['nat']);
  if (!nat.ok) return nat.next;
  // nf_nat_ipv4_local_fn: the address alone; another port keeps its route even where a rule asks for ports.
  if (nat.packet.destination !== mangled.packet.destination) {
    const again = reroute(walk, ns, nat.packet, oif, e);
    if (!again.ok) return again.next;
    e = again.e;
  }
  const late = runHook(at(e), nat.packet, ['filter', 'security']);
  if (!late.ok) return late.next;
  return egress(walk, ns, e, late.packet);
}

/** What ipt_mangle_out and chains of type route compare; the hop limit as well, which no route depends on. */
export const changesRoute = (before: Packet, after: Packet): boolean =>
  before.mark !== after.mark ||
  before.tos !== after.tos ||
  before.source !== after.source ||
  before.destination !== after.destination;

/** ip_route_me_harder, ip6_route_me_harder: the socket's device still binds, the source may be anybody's. */
export function reroute(
  walk: Walk,
  ns: WorldNamespace,
  packet: Packet,
  oif: IfIndex | null,
  before: Egress,
): OutputRoute {
  // A tunnel's own socket is bound to no device, whichever one its packet was routed by.
  const key = keyOf(walk, ns, packet, packet.payload === null ? oif : null, false);
  // An IPv6 destination that is valid on a link only stays on the link it was on.
  const linked = key.oif === null && isLinkLocal(packet.destination);
  return routed(walk, ns, packet, linked ? { ...key, oif: before.out.ifindex, oifName: before.out.name } : key, true);
}

/** A local destination leaves by loopback, whichever device has the address. */
export const routeOutput = (
  walk: Walk,
  ns: WorldNamespace,
  packet: Packet,
  oif: IfIndex | null,
  tell: boolean,
): OutputRoute => routed(walk, ns, packet, keyOf(walk, ns, packet, oif, false), tell);

function keyOf(walk: Walk, ns: WorldNamespace, packet: Packet, oif: IfIndex | null, sourceChosen: boolean): FlowKey {
  const bound = oif === null ? null : (ns.net.linkByIndex.get(oif) ?? null);
  const fromKernel = packet.payload !== null || (walk.direction === 'reply' && packet.icmp !== null);
  const echoBy = bound === null && fromKernel ? echoDevice(walk, ns, packet) : null;
  const key = flowKey(packet, 'lo', bound ?? echoBy);
  return {
    ...key,
    ...(fromKernel ? { uid: 0 } : {}),
    ...(sourceChosen && packet.family === 'ipv6' ? { source: null } : {}),
    strictDevice: bound !== null && packet.payload === null,
  };
}

/** icmpv6_echo_reply prefers the device that the question came by. */
function echoDevice(walk: Walk, ns: WorldNamespace, packet: Packet): Link | null {
  if (packet.family === 'ipv4' || packet.icmp?.type !== 129 || walk.arrived?.namespace !== ns.key) return null;
  const link = ns.net.linkByName.get(walk.arrived.iif);
  return link === undefined || link.loopback ? null : link;
}

function routed(walk: Walk, ns: WorldNamespace, packet: Packet, key: FlowKey, tell: boolean): OutputRoute {
  const found = routeOut(walk, ns, key, true);
  if (found.kind === 'unknown') return { ok: false, next: walk.unknown(ns, packet, found.missing) };
  if (found.kind === 'refused')
    return { ok: false, next: routeFailure(walk, ns, null, packet, found.result, found.errno) };
  if (tell) tellRoute(walk, ns, packet, found);
  const { route, nexthop, out, local } = found;
  return {
    ok: true,
    e: { route: local ? null : route, via: local ? null : (nexthop?.via ?? null), out, iif: null, physIn: null },
  };
}
