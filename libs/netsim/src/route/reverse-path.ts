/** Where would an answer to the source leave? (__fib_validate_source, rpfilter_lookup_reverse) */
import type { IfIndex, Link, Route } from '@netverdict/linux-net';
import type { Evidence } from '@netverdict/verdict';
import type { Packet } from '../packet/packet.ts';
import type { Missing } from '../walk/choices.ts';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';
import { isLinkLocal } from './addresses.ts';
import type { FlowKey } from './key.ts';
import { lookup, type RouteResult } from './lookup.ts';

export type ReversePath =
  /** Through the device that it came in on. */
  | { readonly kind: 'same-device'; readonly evidence: readonly Evidence[] }
  | { readonly kind: 'other-device'; readonly dev: Link | null; readonly evidence: readonly Evidence[] }
  /** The source is an address of this very host. */
  | { readonly kind: 'local'; readonly evidence: readonly Evidence[] }
  /** It is a broadcast or multicast address here. */
  | { readonly kind: 'not-a-host'; readonly evidence: readonly Evidence[] }
  | { readonly kind: 'none'; readonly evidence: readonly Evidence[] }
  | { readonly kind: 'unknown'; readonly missing: Missing };

export interface ReverseOptions {
  readonly useMark: boolean;
  readonly acceptLocal: boolean;
  /** A way out of any device will do. */
  readonly anyDevice?: boolean;
  /** The device that the packet will leave by, which rules then take as `iif` of the answer; the host's own where it stays. */
  readonly leavesBy?: string;
  /** -m rpfilter fills in no ports, and IPv4's no protocol either: policy rules that ask for these do not match. */
  readonly addressesAlone?: boolean;
}

export function reversePath(
  walk: Walk,
  ns: WorldNamespace,
  iif: Link,
  packet: Packet,
  options: ReverseOptions,
): ReversePath {
  const key = reverseKey(packet, options);
  if (packet.family === 'ipv4') return judged(ns, iif, lookup(walk, ns, key), options);
  // ip6t_rpfilter: of routes to one prefix the device's counts more; what is local to the link is asked for at the device alone.
  const onLink = isLinkLocal(packet.source);
  if (options.anyDevice && !onLink) return judged(ns, iif, lookup(walk, ns, key), options);
  const through = { ...key, oif: iif.ifindex, oifName: iif.name, ...(onLink ? { strictDevice: true } : {}) };
  return judged(ns, iif, lookup(walk, ns, through), options);
}

export const reverseKey = (packet: Packet, options: ReverseOptions): FlowKey => ({
  source: packet.destination,
  destination: packet.source,
  mark: options.useMark ? packet.mark : 0,
  tos: packet.tos,
  protocol: options.addressesAlone && packet.family === 'ipv4' ? 0 : packet.protocol,
  sport: options.addressesAlone ? null : packet.dport,
  dport: options.addressesAlone ? null : packet.sport,
  iifName: options.leavesBy ?? 'lo',
  oif: null,
  oifName: null,
  uid: 0,
  bare: true,
  ...(options.addressesAlone ? {} : { dissected: 'protocol and ports' }),
});

function judged(ns: WorldNamespace, iif: Link, result: RouteResult, { acceptLocal }: ReverseOptions): ReversePath {
  if (result.kind === 'unknown') return result;
  if (result.kind !== 'route') return { kind: 'none', evidence: result.evidence };
  const { route, evidence, nexthop } = result;
  if (route.type === 'local' && !acceptLocal) return { kind: 'local', evidence };
  if (route.type !== 'local' && route.type !== 'unicast') return { kind: 'not-a-host', evidence };
  if (usesDevice(route, iif.ifindex)) return { kind: 'same-device', evidence };
  const dev = nexthop?.dev ?? null;
  return { kind: 'other-device', dev: dev === null ? null : (ns.net.linkByIndex.get(dev) ?? null), evidence };
}

/** fib_info_nh_uses_dev: any next hop of the route will do. */
const usesDevice = (route: Route, dev: IfIndex): boolean => route.nexthops.some((hop) => hop.dev === dev);
