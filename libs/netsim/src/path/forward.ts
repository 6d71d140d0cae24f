/** ip_forward: TTL, size, FORWARD, then out. */
import { formatIp, type Link } from '@netverdict/linux-net';
import { xfrmPolicies } from '../link/xfrm.ts';
import { NO_DEVICES } from '../netfilter/context.ts';
import { isIdle, runHook } from '../netfilter/hook.ts';
import type { Packet } from '../packet/packet.ts';
import { isLinkLocal } from '../route/addresses.ts';
import type { InputRoute } from '../route/input.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';
import { askedBeforeForward, checkSize, egress } from './egress.ts';

export function forward(
  walk: Walk,
  ns: WorldNamespace,
  iif: Link,
  physIn: Link | null,
  way: Extract<InputRoute, { kind: 'forward' }>,
  packet: Packet,
): Next {
  if (!walk.sees('route/ttl', packet.ttl > 1))
    return walk.stop(ns, packet, 'loop', { kind: 'ttl-expired' }, 'the TTL has run out');
  const policy = xfrmPolicies(walk, ns, 'fwd', packet) ?? xfrmPolicies(walk, ns, 'out', packet);
  if (policy) return policy;
  const bound = boundToLink(walk, ns, iif, way.out, packet);
  if (bound) return bound;
  const { realms } = way;
  const e = { route: way.route, via: way.nexthop.via, out: way.out, iif, physIn, realms };
  const tooBig = checkSize(walk, ns, askedBeforeForward(e, packet.family), packet);
  if (tooBig) return tooBig;
  const onward: Packet = {
    ...packet,
    ttl: packet.ttl - 1,
    ...(way.out.loopback ? { forwardedToLoopback: true } : {}),
  };
  if (isIdle(ns, packet, 'FORWARD')) return egress(walk, ns, e, onward);
  const devices = { ...NO_DEVICES, iif, oif: way.out, physIn, nexthop: way.nexthop.via, realms };
  const result = runHook({ walk, ns, hook: 'FORWARD', devices }, onward);
  return result.ok ? egress(walk, ns, e, result.packet) : result.next;
}

/** ip6_forward: a source that is nobody's, or valid on its own link only, does not go on to another one. */
function boundToLink(walk: Walk, ns: WorldNamespace, iif: Link, out: Link, packet: Packet): Next | null {
  const { source, family } = packet;
  if (family === 'ipv4' || out.ifindex === iif.ifindex) return null;
  const why = isLinkLocal(source) ? 'link-local-source' : source === 0n ? 'bad-source' : null;
  if (why === null || walk.sees('route/source-scope', false)) return null;
  const text = `${formatIp(source)} may not leave the link of ${iif.name}`;
  return walk.stop(ns, packet, 'filtered-by-kernel', { kind: 'martian', iif, why }, text);
}
