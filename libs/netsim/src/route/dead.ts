/** Next hops that cannot be used: their device is down, or has no carrier and somebody said that this counts. */
import type { NextHop } from '@netverdict/linux-net';
import type { WorldNamespace } from '../world/world.ts';

/**
 * The kernel says `dead` of a hop without a carrier as well, where ignore_routes_with_linkdown is on (fib_nexthop_info, rt6_fill_node):
 * that one is not dead but ignored, and not by every lookup.
 */
export function isDead(ns: WorldNamespace, hop: NextHop): boolean {
  if (!hop.dead) return false;
  const link = hop.dev === null ? undefined : ns.net.linkByIndex.get(hop.dev);
  return !(hop.linkdown && link?.up);
}
