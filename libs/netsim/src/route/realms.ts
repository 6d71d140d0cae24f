/**
 * Realms of routes, which rules ask for (dst->tclassid): those of the next hop, then those of the policy rule, then of what comes
 * in the realm of the way back to its source (rt_set_nexthop, set_class_tag, fib_combine_itag in net/ipv4).
 */
import type { Link } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import type { Walk } from '../walk/walk.ts';
import { maxConf } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { lookup, type RouteResult } from './lookup.ts';
import { reverseKey } from './reverse-path.ts';

type Realms = number | null;
type Way = Pick<Extract<RouteResult, { kind: 'route' }>, 'nexthop' | 'ruleRealms'>;

const UPPER = 0xffff0000;
const LOWER = 0xffff;

/** What is not said yet, half by half. */
function completed(realms: Realms, by: Realms): Realms {
  if (realms === null || by === null) return null;
  const upper = (realms & UPPER) === 0 ? by & UPPER : 0;
  const lower = (realms & LOWER) === 0 ? by & LOWER : 0;
  return (realms | upper | lower) >>> 0;
}

/** fib_num_tclassid_users: without any realm the kernel never looks for one. */
const users = new WeakMap<object, boolean>();
export function hasRealms(ns: WorldNamespace): boolean {
  const { state } = ns.net;
  let has = users.get(state);
  if (has === undefined) {
    const { routes4, rules4 } = state;
    has =
      (routes4.known && routes4.value.some((r) => r.nexthops.some((hop) => hop.realms !== undefined))) ||
      (rules4.known && rules4.value.some((r) => r.realms !== undefined));
    users.set(state, has);
  }
  return has;
}

export const realmsOfWay = ({ nexthop, ruleRealms = 0 }: Way): Realms =>
  completed(nexthop?.realms === undefined ? 0 : nexthop.realms, ruleRealms);

/** `way` null: it stays here, and its own route has no say (ip_route_input_slow). */
export function realmsOfInput(
  walk: Walk,
  ns: WorldNamespace,
  iif: Link,
  packet: Packet,
  way: (Way & { readonly out: Link }) | null,
): Realms {
  if (packet.family === 'ipv6' || iif.loopback || !hasRealms(ns)) return 0;
  const useMark = (maxConf(ns, iif, 'src_valid_mark') ?? 0) > 0;
  const back = walk.aside(() =>
    lookup(walk, ns, reverseKey(packet, { useMark, acceptLocal: true, ...(way ? { leavesBy: way.out.name } : {}) })),
  );
  const source = back.kind === 'unknown' ? null : back.kind === 'route' ? ofSource(back) : 0;
  return way === null ? source : completed(realmsOfWay(way), source);
}

/** fib_combine_itag. */
function ofSource({ nexthop, ruleRealms = 0 }: Way): Realms {
  const hop = nexthop?.realms === undefined ? 0 : nexthop.realms;
  if (hop === null || ruleRealms === null) return null;
  const upper = (hop & LOWER) << 16;
  return ((upper === 0 ? (ruleRealms & LOWER) << 16 : upper) | (ruleRealms >>> 16)) >>> 0;
}
