/** Routes of type unicast over the loopback device, which leads to nobody else. */
import type { Link, Route } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import { isLoopback } from './addresses.ts';

/** fib6_is_reject: IPv6 makes of such a route one that refuses; only it does so once the packet is made (ip6_pkt_discard_out). */
export const refusesOverLoopback = (route: Route | null, out: Link, { family, destination }: Packet): boolean =>
  family === 'ipv6' && out.loopback && route?.type === 'unicast' && !isLoopback(destination);
