/** Output routing as whoever sends asks for it: by which device a packet of this host leaves, and over whom. */
import type { IfIndex, Link } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import { routeFailure, tellRoute } from '../route/input.ts';
import { type FlowKey, flowKey } from '../route/key.ts';
import { routeOut } from '../route/output.ts';
import { realmsOfWay } from '../route/realms.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';
import type { Egress } from './egress.ts';

export type OutputRoute =
  | { readonly ok: true; readonly e: Egress; readonly toEverybody: boolean }
  | { readonly ok: false; readonly next: Next };

/** A local destination leaves by loopback, whichever device has the address. */
export const routeOutput = (
  walk: Walk,
  ns: WorldNamespace,
  packet: Packet,
  oif: IfIndex | null,
  tell: boolean,
): OutputRoute => routed(walk, ns, packet, keyOf(walk, ns, packet, oif, false), tell);

export function keyOf(
  walk: Walk,
  ns: WorldNamespace,
  packet: Packet,
  oif: IfIndex | null,
  sourceChosen: boolean,
): FlowKey {
  const bound = oif === null ? null : (ns.net.linkByIndex.get(oif) ?? null);
  // Errors, RSTs and echo replies are the superuser's (sock_net_uid without a socket).
  const fromKernel =
    packet.payload !== null || (walk.direction === 'reply' && (packet.icmp !== null || walk.grave !== null));
  const echoBy = bound === null && fromKernel ? echoDevice(walk, ns, packet) : null;
  const key = flowKey(packet, 'lo', bound ?? echoBy);
  return {
    ...key,
    uid: fromKernel ? 0 : key.uid,
    source: sourceChosen ? null : key.source,
    strictDevice: bound !== null && packet.payload === null,
  };
}

/**
 * An answer is refused where its source is the host's own by a route of another table than `local` alone (__ip_dev_find), unless
 * a transparent socket or a rule sends it. The source of what the flow itself sends was looked at when it was chosen.
 */
export function fromAnySource({ direction, grave, answerer }: Walk, { family, payload, icmp }: Packet): boolean {
  if (direction === 'forward' || family === 'ipv6' || payload !== null) return true;
  if (icmp !== null) return false;
  return grave === null ? answerer?.transparent !== false : grave.disposition !== 'refused';
}

/** icmpv6_echo_reply prefers the device that the question came by. */
function echoDevice(walk: Walk, ns: WorldNamespace, packet: Packet): Link | null {
  if (packet.family === 'ipv4' || packet.icmp?.type !== 129 || walk.arrived?.namespace !== ns.key) return null;
  const link = ns.net.linkByName.get(walk.arrived.iif);
  return link === undefined || link.loopback ? null : link;
}

export function routed(
  walk: Walk,
  ns: WorldNamespace,
  packet: Packet,
  key: FlowKey,
  tell: boolean,
  anySource = true,
): OutputRoute {
  const found = routeOut(walk, ns, key, anySource);
  if (found.kind === 'unknown') return { ok: false, next: walk.unknown(ns, packet, found.missing) };
  if (found.kind === 'refused')
    return { ok: false, next: routeFailure(walk, ns, null, packet, found.result, found.errno) };
  if (tell) tellRoute(walk, ns, packet, found);
  const { route, nexthop, out, local } = found;
  return {
    ok: true,
    toEverybody: found.toEverybody === true,
    e: {
      route,
      via: local ? null : (nexthop?.via ?? null),
      out,
      iif: null,
      physIn: null,
      realms: realmsOfWay(found),
    },
  };
}
