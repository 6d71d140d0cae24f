/** Next hops that cannot be used: their device is down, or has no carrier and somebody said that this counts. */
import type { Family, NextHop } from '@netverdict/linux-net';
import { confOf } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';

/**
 * The kernel says `dead` of a hop without a carrier as well, where ignore_routes_with_linkdown is on (fib_nexthop_info, rt6_fill_node):
 * that one is not dead but ignored, and not by every lookup. Where the switch is off, `dead` means what it says.
 */
export function isDead(ns: WorldNamespace, family: Family, hop: NextHop): boolean {
  if (!hop.dead) return false;
  const link = hop.dev === null ? undefined : ns.net.linkByIndex.get(hop.dev);
  if (!link || !hop.linkdown || !link.up) return true;
  return !confOf(ns, family, link.name, 'ignore_routes_with_linkdown');
}
