/** Routing of a packet that came in (ip_route_input_slow): martians, lookup, forwarding switch, rp_filter. */
import { formatIp, type Link, type NextHop, type Route } from '@netverdict/linux-net';
import type { Evidence } from '@netverdict/verdict';
import type { Packet } from '../packet/packet.ts';
import { citeSysctl } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { maxConf, missingSection, stopUnread, sysctl, sysctlOn, unreadSysctls } from '../world/facts.ts';
import { ifName, type WorldNamespace } from '../world/world.ts';
import { type FlowKey, isLoopback, isMulticast, lookup, type RouteResult } from './lookup.ts';
import { reversePath } from './reverse-path.ts';

export type InputRoute =
  | { readonly kind: 'local' }
  | { readonly kind: 'forward'; readonly route: Route; readonly nexthop: NextHop; readonly out: Link }
  | { readonly kind: 'stop'; readonly next: Next };

export function flowKey(packet: Packet, iifName: string, oif: Link | null): FlowKey {
  return {
    source: packet.source,
    destination: packet.destination,
    mark: packet.mark,
    tos: packet.tos & 0x1c,
    protocol: packet.protocol,
    sport: packet.sport,
    dport: packet.dport,
    iifName,
    oif: oif?.ifindex ?? null,
    oifName: oif?.name ?? null,
  };
}

export function routeInput(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet): InputRoute {
  const stop = (next: Next): InputRoute => ({ kind: 'stop', next });
  const overLoopback = iif.loopback;
  if (!overLoopback) {
    const martian = martianAddress(walk, ns, iif, packet);
    if (martian) return stop(martian);
  }
  const result = lookup(walk, ns, flowKey(packet, iif.name, null));
  if (result.kind === 'unknown') return stop(walk.unknown(ns, packet, result.missing));
  const to = formatIp(packet.destination);
  if (result.kind === 'route' && (result.route.type === 'local' || result.route.type === 'anycast')) {
    if (!overLoopback) {
      const bad = checkSource(walk, ns, iif, packet);
      if (bad) return stop(bad);
    }
    walk.step(ns, {
      kind: 'route',
      text: `route: ${to} is this host's own`,
      action: 'pass',
      evidence: result.evidence,
    });
    return { kind: 'local' };
  }
  // It left with the route of its sender, which loopback does not look up again: dst_discard.
  if (overLoopback)
    return stop(
      walk.stop(
        ns,
        packet,
        'dropped',
        { kind: 'looped-back' },
        `${to} was sent to ${iif.name}, which gives it to nobody`,
        {
          evidence: result.evidence,
        },
      ),
    );
  if (!forwards(walk, ns, iif, packet)) {
    const unread = unreadSysctls(ns);
    if (unread) return stop(walk.lost(ns, packet, missingSection(ns, unread.part, unread.kind)));
    const path = forwardingSysctl(ns, iif, packet);
    return stop(
      walk.stop(
        ns,
        packet,
        'filtered-by-kernel',
        { kind: 'forwarding-off', sysctl: path },
        `forwarding is off: ${path} = 0`,
        {
          evidence: [citeSysctl(ns, path, '0')],
        },
      ),
    );
  }
  if (result.kind !== 'route') return stop(routeFailure(walk, ns, iif, packet, result));
  const { route, nexthop } = result;
  const out = nexthop?.dev == null ? undefined : ns.net.linkByIndex.get(nexthop.dev);
  if (route.type !== 'unicast' || !nexthop || !out)
    return stop(
      walk.stop(
        ns,
        packet,
        'filtered-by-kernel',
        { kind: 'martian', iif, why: 'not-unicast' },
        `route: ${to} is ${route.type} here`,
        {
          evidence: result.evidence,
        },
      ),
    );
  const bad = checkSource(walk, ns, iif, packet);
  if (bad) return stop(bad);
  walk.step(ns, {
    kind: 'route',
    text: `route: ${routeText(ns, route, nexthop)}`,
    action: 'pass',
    detail: { dev: out.name, via: nexthop.via === null ? null : formatIp(nexthop.via) },
    evidence: result.evidence,
  });
  return { kind: 'forward', route, nexthop, out };
}

export function routeFailure(
  walk: Walk,
  ns: WorldNamespace,
  iif: Link | null,
  packet: Packet,
  result: Extract<RouteResult, { kind: 'error' | 'none' }>,
): Next {
  const to = formatIp(packet.destination);
  if (result.kind === 'none')
    return walk.stop(ns, packet, 'no-route', { kind: 'no-route', iif }, `route: none to ${to}`, { kind: 'route' });
  return walk.stop(
    ns,
    packet,
    result.type === 'blackhole' ? 'dropped' : 'rejected',
    { kind: 'route-error', route: result.route, type: result.type },
    `route: ${to} is ${result.type}`,
    { evidence: result.evidence, kind: 'route' },
  );
}

export function routeText(ns: WorldNamespace, route: Route, nexthop: NextHop): string {
  const { address, length } = route.destination;
  const target = length === 0 ? 'default' : `${formatIp(address)}/${length}`;
  return `${target}${nexthop.via === null ? '' : ` via ${formatIp(nexthop.via)}`} dev ${ifName(ns, nexthop.dev)}`;
}

function martianAddress(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet): Next | null {
  const { source, destination } = packet;
  const stop = (
    why: 'loopback-source' | 'loopback-destination' | 'bad-source',
    text: string,
    evidence: Evidence[] = [],
  ) => walk.stop(ns, packet, 'filtered-by-kernel', { kind: 'martian', iif, why }, text, { evidence });
  if (isMulticast(source) || source === 0xffffffff || source === 0)
    return stop('bad-source', `martian source ${formatIp(source)} on ${iif.name}`);
  for (const [address, why] of [
    [destination, 'loopback-destination'],
    [source, 'loopback-source'],
  ] as const) {
    if (!isLoopback(address)) continue;
    if (packet.family === 'ipv6') return stop(why, `martian ${formatIp(address)} on ${iif.name}`);
    const allowed = maxConf(ns, iif, 'route_localnet');
    const path = `net/ipv4/conf/${iif.name}/route_localnet`;
    if (allowed === undefined) {
      if (walk.ask(ns, `${path} is on`, missingSection(ns, ns.net.state.sysctls, 'sysctl'), `${ns.key} ${path}`))
        continue;
      return walk.lost(ns, packet, missingSection(ns, ns.net.state.sysctls, 'sysctl'));
    } else if (allowed > 0) continue;
    return stop(why, `martian ${formatIp(address)} on ${iif.name}: route_localnet is off`, [citeSysctl(ns, path, '0')]);
  }
  return null;
}

function forwardingSysctl(ns: WorldNamespace, iif: Link, packet: Packet): string {
  if (packet.family === 'ipv6') return 'net/ipv6/conf/all/forwarding';
  if (sysctl(ns, 'net/ipv4/ip_forward') === 0) return 'net/ipv4/ip_forward';
  return `net/ipv4/conf/${iif.name}/forwarding`;
}

/** IN_DEV_FORWARD: the device's own switch decides; writing ip_forward sets all of them. */
function forwards(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet): boolean {
  if (packet.family === 'ipv6') return sysctlOn(walk, ns, 'net/ipv6/conf/all/forwarding', false);
  const own = sysctl(ns, `net/ipv4/conf/${iif.name}/forwarding`);
  if (typeof own === 'number') return own !== 0;
  return sysctlOn(walk, ns, 'net/ipv4/ip_forward', false);
}

/** fib_validate_source. IPv6 has no rp_filter. */
function checkSource(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet): Next | null {
  if (packet.family === 'ipv6') return null;
  const rpFilter = maxConf(ns, iif, 'rp_filter');
  const acceptLocal = (maxConf(ns, iif, 'accept_local') ?? 0) > 0;
  const useMark = (maxConf(ns, iif, 'src_valid_mark') ?? 0) > 0;
  const path = reversePath(walk, ns, iif, packet, { useMark, acceptLocal });
  const from = formatIp(packet.source);
  const unread = unreadSysctls(ns);
  // accept_local and src_valid_mark decide these two.
  if (unread && (path.kind === 'local' || packet.mark !== 0)) return stopUnread(walk, ns, packet, unread);
  if (path.kind === 'unknown') return walk.unknown(ns, packet, path.missing);
  if (path.kind === 'same-device') return null;
  if (path.kind === 'local')
    return walk.stop(
      ns,
      packet,
      'filtered-by-kernel',
      { kind: 'martian', iif, why: 'source-is-own' },
      `martian source: ${from} is this host's own address, but came in on ${iif.name}`,
      { evidence: path.evidence },
    );
  const noAddress = ns.net.addressesOn(iif.ifindex).every((a) => typeof a.address !== 'number');
  const fails = (mode: number): boolean => mode === 1 || (mode === 2 && (path.kind === 'none' || noAddress));
  const expected = path.kind === 'other-device' ? (path.dev?.name ?? null) : null;
  const sysctlPath =
    sysctl(ns, 'net/ipv4/conf/all/rp_filter') === rpFilter && rpFilter
      ? 'net/ipv4/conf/all/rp_filter'
      : `net/ipv4/conf/${iif.name}/rp_filter`;
  if (rpFilter === undefined) {
    const missing = missingSection(ns, ns.net.state.sysctls, 'sysctl');
    if (walk.ask(ns, `rp_filter on ${iif.name} lets ${from} in`, missing, `${ns.key} ${sysctlPath} ${from}`))
      return null;
    return walk.lost(ns, packet, missing);
  }
  if (!fails(rpFilter)) return null;
  return walk.stop(
    ns,
    packet,
    'filtered-by-kernel',
    { kind: 'rp-filter', iif, mode: rpFilter, sysctl: sysctlPath, expected },
    `rp_filter=${rpFilter} on ${iif.name}: an answer to ${from} would leave by ${expected ?? 'no device'}`,
    { evidence: [citeSysctl(ns, sysctlPath, String(rpFilter)), ...path.evidence] },
  );
}
