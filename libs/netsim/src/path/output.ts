/** ip_local_out: output routing, OUTPUT, routing again where the packet was changed, then out. */
import type { IfIndex } from '@netverdict/linux-net';
import { cgroupPrograms } from '../link/programs.ts';
import { xfrmPolicies } from '../link/xfrm.ts';
import { NO_DEVICES } from '../netfilter/context.ts';
import { isIdle, runHook, unreadRulesets } from '../netfilter/hook.ts';
import type { Packet } from '../packet/packet.ts';
import { isLinkLocal } from '../route/addresses.ts';
import { type FlowKey, ofRawSocket } from '../route/key.ts';
import { inOrder, seenByRules } from '../route/rules.ts';
import { refusedToEverybody } from '../socket/to-everybody.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { stopUnread, unreadHost } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { checkSize, type Egress, egress } from './egress.ts';
import { fromAnySource, keyOf, type OutputRoute, routed } from './output-route.ts';

/** `sourceChosen`: the kernel took the source from the route that it found without one, and keeps that route. */
export function localOutput(
  walk: Walk,
  ns: WorldNamespace,
  packet: Packet,
  oif: IfIndex | null,
  sourceChosen = false,
  askedBy: IfIndex | null = null,
): Next {
  const host = unreadHost(ns);
  if (host) return stopUnread(walk, ns, packet, host);
  const program =
    (walk.direction === 'forward' && !walk.confirming ? cgroupPrograms(walk, ns, 'connect', packet) : null) ??
    cgroupPrograms(walk, ns, 'egress', packet);
  if (program) return program;
  const asked = keyOf(walk, ns, packet, oif ?? askedBy, sourceChosen);
  const key = asksWithoutClass(walk, packet) ? { ...asked, tos: 0 } : asked;
  const raw = walk.flow.tcpFlags !== undefined && packet === walk.original;
  const first = routed(walk, ns, packet, raw ? ofRawSocket(key) : key, true, fromAnySource(walk, packet));
  if (!first.ok) return first.next;
  const refused = first.toEverybody ? refusedToEverybody(walk, ns, packet) : null;
  if (refused) return refused;
  const tooBig = mayNotBeCut(walk, packet) ? checkSize(walk, ns, first.e, packet) : null;
  if (tooBig) return tooBig;
  const policy = xfrmPolicies(walk, ns, 'out', packet);
  if (policy) return policy;
  const unread = unreadRulesets(walk, ns, packet);
  if (unread) return unread;
  if (isIdle(ns, packet, 'OUTPUT')) return egress(walk, ns, first.e, packet);
  return hooked(walk, ns, packet, oif, first.e);
}

/** icmpv6_echo_reply and tcp_v6_send_response ask for a route without the traffic class; what is routed again has it. */
const asksWithoutClass = (walk: Walk, { family, icmp, protocol, payload }: Packet): boolean =>
  family === 'ipv6' &&
  (icmp?.type === 129 || (protocol === 6 && payload === null && walk.direction === 'reply' && walk.grave !== null));

function hooked(walk: Walk, ns: WorldNamespace, packet: Packet, oif: IfIndex | null, first: Egress): Next {
  let e = first;
  const devicesOf = (leaving: Egress) => ({
    ...NO_DEVICES,
    oif: leaving.out,
    nexthop: leaving.via,
    realms: leaving.realms ?? (leaving.realms === null ? null : 0),
  });
  const result = runHook(
    {
      walk,
      ns,
      hook: 'OUTPUT',
      devices: devicesOf(e),
      reroute: (changed) => {
        const again = reroute(walk, ns, changed, oif, e);
        if (!again.ok) return again;
        e = again.e;
        // The hook was called for the device of the first route (nf_hook_state); next hop and realms are read off the new one.
        return { ok: true, devices: { ...devicesOf(e), oif: first.out } };
      },
    },
    packet,
  );
  return result.ok ? egress(walk, ns, e, result.packet) : result.next;
}

/**
 * ip_append_data, ip6_append_data: a datagram that may not be cut and does not fit the route that its socket has found is no
 * packet yet. TCP sends what fits.
 */
const mayNotBeCut = (walk: Walk, packet: Packet): boolean =>
  packet.dontFragment && packet.protocol !== 6 && packet.payload === null && walk.grave === null;

/**
 * ip_route_me_harder, ip6_route_me_harder: the socket's device still binds, the source may be anybody's. Ports are asked with where some
 * rule needs them; else they are not in the hash of several next hops either.
 */
export function reroute(
  walk: Walk,
  ns: WorldNamespace,
  packet: Packet,
  oif: IfIndex | null,
  before: Egress,
): OutputRoute {
  // A tunnel's own socket is bound to no device, whichever one its packet was routed by.
  const own = keyOf(walk, ns, packet, packet.payload === null ? oif : null, false);
  // ip_route_me_harder names no user, which is the superuser.
  const asked = packet.family === 'ipv4' ? { ...own, uid: 0 } : own;
  const rules = ns.net.state[packet.family === 'ipv4' ? 'rules4' : 'rules6'];
  const key: FlowKey = seenByRules(inOrder(rules), { ...asked, dissected: 'protocol and ports' });
  // An IPv6 destination that is valid on a link only stays on the link it was on.
  const linked = key.oif === null && isLinkLocal(packet.destination);
  return routed(walk, ns, packet, linked ? { ...key, oif: before.out.ifindex, oifName: before.out.name } : key, true);
}
