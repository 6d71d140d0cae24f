/** What a routing decision means for the packet: the step in the trace, or why it ends here. */
import { formatIp, type Link, type NextHop, type Route } from '@netverdict/linux-net';
import type { Evidence } from '@netverdict/verdict';
import type { Packet } from '../packet/packet.ts';
import { citeSysctl } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { ifName, type WorldNamespace } from '../world/world.ts';
import { type Asked, decideInput, forwardingSysctl, type InputDecision, type Martian } from './decide-input.ts';
import type { RouteResult } from './lookup.ts';
import { errnoOf, type OutputRoute } from './output.ts';
import type { SourceRefusal } from './validate-source.ts';

export { flowKey } from './key.ts';

export type InputRoute =
  /** `looped`: by a route to loopback, not because the address is the host's own. */
  | { readonly kind: 'local'; readonly looped?: true }
  | {
      readonly kind: 'forward';
      readonly route: Route;
      readonly nexthop: NextHop;
      readonly out: Link;
      readonly realms: number | null;
    }
  | { readonly kind: 'stop'; readonly next: Next };

export function routeInput(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet, asked: Asked = {}): InputRoute {
  const decision = decideInput(walk, ns, iif, packet, asked);
  if (decision.kind === 'local') {
    const who = decision.as === 'broadcast' ? 'is for everybody on the link' : "is this host's own";
    walk.step(ns, () => ({
      kind: 'route',
      text: `route: ${formatIp(packet.destination)} ${who}`,
      action: 'pass',
      evidence: decision.evidence,
    }));
    return { kind: 'local' };
  }
  // What left by loopback comes in with the route that it had, which is not looked up again: what was forwarded is forwarded again,
  // a sender's route to loopback is a local one (__mkroute_output). IPv6: dst_discard.
  const again = packet.forwardedToLoopback === true;
  if (iif.loopback && !asked.anew && decision.kind !== 'unknown' && !(again && decision.kind === 'forward')) {
    if (packet.family === 'ipv4' && !again) return { kind: 'local', looped: true };
    return { kind: 'stop', next: loopedBack(walk, ns, iif, packet, 'evidence' in decision ? decision.evidence : []) };
  }
  if (decision.kind !== 'forward') return { kind: 'stop', next: inputStop(walk, ns, iif, packet, decision) };
  const { route, nexthop, out, realms, evidence } = decision;
  walk.step(ns, () => ({
    kind: 'route',
    text: `route: ${routeText(ns, route, nexthop)}`,
    action: 'pass',
    detail: { dev: out.name, via: nexthop.via === null ? null : formatIp(nexthop.via) },
    evidence,
  }));
  return { kind: 'forward', route, nexthop, out, realms };
}

export function loopedBack(
  walk: Walk,
  ns: WorldNamespace,
  iif: Link,
  packet: Packet,
  evidence: readonly Evidence[],
): Next {
  const text = `${formatIp(packet.destination)} was sent to ${iif.name}, and is nobody's: nothing can answer as it`;
  return walk.stop(ns, packet, 'dropped', { kind: 'looped-back' }, text, { evidence });
}

function inputStop(
  walk: Walk,
  ns: WorldNamespace,
  iif: Link,
  packet: Packet,
  decision: Exclude<InputDecision, { kind: 'local' | 'forward' }>,
): Next {
  switch (decision.kind) {
    case 'unknown':
      return walk.unknown(ns, packet, decision.missing);
    case 'lost':
      return walk.lost(ns, packet, decision.missing);
    case 'no-way':
      return routeFailure(walk, ns, iif, packet, decision.result);
    case 'forwarding-off': {
      const path = forwardingSysctl(ns, iif, packet);
      const cause = { kind: 'forwarding-off', sysctl: path } as const;
      const evidence = [citeSysctl(ns, path, '0')];
      return walk.stop(ns, packet, 'filtered-by-kernel', cause, `forwarding is off: ${path} = 0`, { evidence });
    }
    case 'martian': {
      const { why, sysctl } = decision;
      const evidence = sysctl === null ? decision.evidence : [citeSysctl(ns, sysctl, '0'), ...decision.evidence];
      const off = sysctl === null ? '' : `: ${sysctl.split('/').at(-1)} is off`;
      const text = `${martianText(why, iif, packet)}${off}`;
      return walk.stop(ns, packet, 'filtered-by-kernel', { kind: 'martian', iif, why }, text, { evidence });
    }
    case 'source':
      return sourceStop(walk, ns, iif, packet, decision.refusal);
  }
}

function martianText(why: Martian, iif: Link, { source, destination }: Packet): string {
  switch (why) {
    case 'bad-source':
      return `martian source ${formatIp(source)} on ${iif.name}`;
    case 'loopback-source':
      return `martian ${formatIp(source)} on ${iif.name}`;
    case 'bad-destination':
    case 'loopback-destination':
      return `martian ${formatIp(destination)} on ${iif.name}`;
    case 'not-unicast':
      return `route: ${formatIp(destination)} is no single host's address here`;
    case 'hop-limit':
      return `neighbour discovery on ${iif.name} with another hop limit than 255`;
    case 'source-is-own':
      return `martian source: ${formatIp(source)} is this host's own address, but came in on ${iif.name}`;
    case 'link-local-source':
      return `${formatIp(source)} is valid on the link of ${iif.name} only`;
  }
}

function sourceStop(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet, refusal: SourceRefusal): Next {
  if (refusal.kind === 'unknown') return walk.unknown(ns, packet, refusal.missing);
  if (refusal.kind === 'lost') return walk.lost(ns, packet, refusal.missing);
  const { evidence } = refusal;
  if (refusal.kind !== 'rp-filter') {
    const why: Martian = refusal.kind === 'own' ? 'source-is-own' : 'bad-source';
    const text = martianText(why, iif, packet);
    return walk.stop(ns, packet, 'filtered-by-kernel', { kind: 'martian', iif, why }, text, { evidence });
  }
  const { mode, sysctl, expected, loosely } = refusal;
  return walk.stop(
    ns,
    packet,
    'filtered-by-kernel',
    { kind: 'rp-filter', iif, mode, sysctl, expected, loosely },
    `rp_filter=${mode} on ${iif.name}: an answer to ${formatIp(packet.source)} would leave by ${expected ?? 'no device'}`,
    { evidence: [citeSysctl(ns, sysctl, String(mode)), ...evidence] },
  );
}

type Refusal = Extract<RouteResult, { kind: 'error' | 'none' }>;

/** `iif` null: of the host's own packet, whose sender gets an errno. */
export function routeFailure(
  walk: Walk,
  ns: WorldNamespace,
  iif: Link | null,
  packet: Packet,
  result: Refusal,
  errno = errnoOf(result),
): Next {
  const to = formatIp(packet.destination);
  const own = iif === null ? { errno } : {};
  if (result.kind === 'none') {
    const text = iif === null && errno !== 'ENETUNREACH' ? `route: none to ${to} (${errno})` : `route: none to ${to}`;
    return walk.stop(ns, packet, 'no-route', { kind: 'no-route', iif, ...own }, text, { kind: 'route' });
  }
  return walk.stop(
    ns,
    packet,
    result.type === 'blackhole' ? 'dropped' : 'rejected',
    { kind: 'route-error', route: result.route, type: result.type, ...own },
    `route: ${to} is ${result.type}`,
    { evidence: result.evidence, kind: 'route' },
  );
}

/** The step of a route that was found for the host's own packet. */
export function tellRoute(
  walk: Walk,
  ns: WorldNamespace,
  packet: Packet,
  found: Extract<OutputRoute, { kind: 'route' }>,
): void {
  const { route, nexthop, out, local, evidence } = found;
  const text = (): string =>
    local && route?.type === 'local'
      ? `${formatIp(packet.destination)} is this host's own`
      : route && nexthop
        ? routeText(ns, route, nexthop)
        : `${formatIp(packet.destination)} on the link of ${out.name}`;
  walk.step(ns, () => ({
    kind: 'route',
    text: `route: ${text()}`,
    action: 'pass',
    detail: { dev: out.name, via: nexthop?.via == null ? null : formatIp(nexthop.via) },
    evidence,
  }));
}

export function routeText(ns: WorldNamespace, route: Route, nexthop: NextHop): string {
  const { address, length } = route.destination;
  const target = length === 0 ? 'default' : `${formatIp(address)}/${length}`;
  return `${target}${nexthop.via === null ? '' : ` via ${formatIp(nexthop.via)}`} dev ${ifName(ns, nexthop.dev)}`;
}
