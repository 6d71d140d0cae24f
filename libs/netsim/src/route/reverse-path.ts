/** Would an answer to the source leave through the device that the packet came in on? (fib_validate_source) */
import type { Link } from '@netverdict/linux-net';
import type { Evidence } from '@netverdict/verdict';
import type { Packet } from '../packet/packet.ts';
import type { Missing } from '../walk/choices.ts';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';
import { lookup } from './lookup.ts';

export type ReversePath =
  | { readonly kind: 'same-device'; readonly evidence: readonly Evidence[] }
  | { readonly kind: 'other-device'; readonly dev: Link | null; readonly evidence: readonly Evidence[] }
  /** The source is an address of this very host. */
  | { readonly kind: 'local'; readonly evidence: readonly Evidence[] }
  | { readonly kind: 'none'; readonly evidence: readonly Evidence[] }
  | { readonly kind: 'unknown'; readonly missing: Missing };

export function reversePath(
  walk: Walk,
  ns: WorldNamespace,
  iif: Link,
  packet: Packet,
  options: { readonly useMark: boolean; readonly acceptLocal: boolean },
): ReversePath {
  const result = lookup(walk, ns, {
    source: packet.destination,
    destination: packet.source,
    mark: options.useMark ? packet.mark : 0,
    tos: packet.tos,
    protocol: packet.protocol,
    sport: packet.dport,
    dport: packet.sport,
    iifName: 'lo',
    oif: null,
    oifName: null,
  });
  if (result.kind === 'unknown') return result;
  if (result.kind !== 'route') return { kind: 'none', evidence: result.evidence };
  const { route, evidence } = result;
  if (route.type === 'local')
    return options.acceptLocal ? { kind: 'same-device', evidence } : { kind: 'local', evidence };
  if (route.type !== 'unicast') return { kind: 'none', evidence };
  // fib_info_nh_uses_dev: any next hop of the route will do.
  if (route.nexthops.some((hop) => hop.dev === iif.ifindex)) return { kind: 'same-device', evidence };
  const dev = result.nexthop?.dev ?? null;
  return { kind: 'other-device', dev: dev === null ? null : (ns.net.linkByIndex.get(dev) ?? null), evidence };
}
