/** Which of several next hops a flow takes (fib_select_multipath, fib6_select_path): by a hash with a secret of the boot. */
import { formatIp, type NextHop, type Route } from '@netverdict/linux-net';
import type { Missing } from '../walk/choices.ts';
import type { Walk } from '../walk/walk.ts';
import { sysctl } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import type { FlowKey } from './key.ts';

/**
 * With the ports in the hash, connections spread by weight. By default the addresses alone are hashed: all connections
 * between two hosts take one hop, and which cannot be told. One flow takes one hop, whichever time it asks;
 * but what its sender asked for with the ports is another hash than the buffer's, which a packet that comes back here has.
 */
export function pickHop(
  walk: Walk,
  ns: WorldNamespace,
  route: Route,
  hops: readonly NextHop[],
  key: FlowKey,
  /** Those that hashes are spread over, `hops` among them. */
  all: readonly NextHop[] = hops,
): NextHop | undefined {
  if (hops.length < 2) return hops[0];
  const family = route.family === 'ipv4' ? 'net/ipv4' : 'net/ipv6';
  const policy = sysctl(ns, `${family}/fib_multipath_hash_policy`);
  // Without ports to hash (ICMP), the packets between two hosts take one hop as well.
  const spread = policy === 1 && key.sport !== null;
  const shares = boundedShares(all, hops);
  const options = hops.map((hop, i) => ({
    label: `next hop ${hop.via === null ? '' : formatIp(hop.via)} ${hop.dev === null ? '' : (ns.net.linkByIndex.get(hop.dev)?.name ?? '')}`,
    share: spread ? (shares[i] ?? 0) : null,
  }));
  const asked = `${key.source === null ? 'none' : formatIp(key.source)} ${formatIp(key.destination)}${spread ? ` ${key.sport} ${key.dport}${key.hashed ? ' hashed' : ''}` : ''}`;
  const taken = walk.choices.choose(
    'nexthop',
    options,
    spread ? null : manyHops(ns, route),
    `${ns.key} ${route.table} ${route.evidence.line} ${hops.length} ${asked}`,
  );
  return hops[taken];
}

/**
 * Each hop of an IPv4 route has the hashes up to its bound, but only `eligible` ones are taken: the first with a bound that is not below the hash, and where
 * there is none, the first of all (fib_select_multipath).
 */
function boundedShares(all: readonly NextHop[], eligible: readonly NextHop[]): readonly number[] {
  const total = all.reduce((sum, hop) => sum + hop.weight, 0);
  const bounds = eligible.map((hop) =>
    all.slice(0, all.indexOf(hop) + 1).reduce((sum, { weight }) => sum + weight / total, 0),
  );
  return bounds.map((bound, i) => bound - (bounds[i - 1] ?? (bounds.at(-1) ?? 1) - 1));
}

function manyHops(ns: WorldNamespace, { destination, evidence, family }: Route): Missing {
  const to = `${formatIp(destination.address)}/${destination.length}`;
  return {
    kind: 'other',
    place: ns.key,
    node: ns.node,
    text: `which of several next hops the route to ${to} takes depends on a hash of the addresses`,
    zh: `到 ${to} 的路由有多个下一跳,走哪一个取决于地址的哈希`,
    evidence: [{ ...evidence, section: null, kind: family === 'ipv4' ? 'ip-route' : 'ip-route6' }],
  };
}
