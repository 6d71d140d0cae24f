/** Routes of several next hops, one of which leads nowhere; and a route written as `ip route` takes it. */
import {
  formatIp,
  formatPrefix,
  type IpAddress,
  type NetnsState,
  type NextHop,
  prefixContains,
  type Route,
  TABLE,
} from '@netverdict/linux-net';
import { cite } from '../trace/evidence.ts';
import { ifName, type WorldNamespace } from '../world/world.ts';
import { change, type Derived, nameOf, onPlace } from './finding.ts';

const partOf = (family: Route['family']): 'routes4' | 'routes6' => (family === 'ipv4' ? 'routes4' : 'routes6');

/** `ip route replace …` with these next hops and without an MTU of its own. */
export function writeRoute(ns: WorldNamespace, route: Route, hops: readonly NextHop[]): string {
  const ip = route.family === 'ipv4' ? 'ip' : 'ip -6';
  const target = route.destination.length === 0 ? 'default' : formatPrefix(route.destination);
  const way = (hop: NextHop): string =>
    `${hop.via === null ? '' : ` via ${formatIp(hop.via)}`}${hop.dev === null ? '' : ` dev ${ifName(ns, hop.dev)}`}`;
  const end = (hop: NextHop): string => (hop.onlink ? ' onlink' : '');
  const [first, ...more] = hops;
  const ways =
    first === undefined
      ? ''
      : more.length === 0
        ? `${way(first)}${end(first)}`
        : hops.map((hop) => ` nexthop${way(hop)} weight ${hop.weight}${end(hop)}`).join('');
  const tos = route.tos === 0 ? '' : ` tos 0x${route.tos.toString(16)}`;
  const table = route.table === TABLE.main ? '' : ` table ${route.table}`;
  const metric = route.metric === 0 ? '' : ` metric ${route.metric}`;
  const src = route.prefsrc === null ? '' : ` src ${formatIp(route.prefsrc)}`;
  const single = more.length === 0;
  return single
    ? `${ip} route replace ${target}${ways}${tos}${table}${metric}${src}`
    : `${ip} route replace ${target}${tos}${table}${metric}${src}${ways}`;
}

export function editRoute(state: NetnsState, route: Route, edit: (route: Route) => Route): NetnsState {
  const key = partOf(route.family);
  const part = state[key];
  if (!part.known) return state;
  return { ...state, [key]: { ...part, value: part.value.map((r) => (r === route ? edit(r) : r)) } };
}

/** One of a route's several hops is dead: a part of the connections is lost there, the others are not. */
export const deadHop = (ns: WorldNamespace, to: IpAddress, via: IpAddress | null, dev: number | null): Derived | null =>
  without(ns, to, (hop) => hop.via === via && (dev === null || hop.dev === dev));

/** All hops over one device. */
export const deadHopBy = (ns: WorldNamespace, to: IpAddress, dev: number): Derived | null =>
  without(ns, to, (hop) => hop.dev === dev);

function without(ns: WorldNamespace, to: IpAddress, dead: (hop: NextHop) => boolean): Derived | null {
  const part = ns.net.state[typeof to === 'number' ? 'routes4' : 'routes6'];
  if (!part.known) return null;
  const route = part.value.find(
    (r) =>
      r.nexthops.length > 1 && prefixContains(r.destination, to) && r.nexthops.some(dead) && !r.nexthops.every(dead),
  );
  if (!route) return null;
  const gone = route.nexthops.find(dead);
  const rest = route.nexthops.filter((hop) => !dead(hop));
  const hop = gone?.via == null ? ifName(ns, gone?.dev ?? null) : formatIp(gone.via);
  const cidr = formatPrefix(route.destination);
  return {
    code: 'NV-MULTIPATH-HOP-DEAD',
    params: { where: nameOf(ns), cidr, hop, count: route.nexthops.length },
    at: ns,
    evidence: [cite(part, route.family === 'ipv4' ? 'ip-route' : 'ip-route6', route.evidence)],
    remedy: {
      // A next hop object is shared by routes, and changed with `ip nexthop`.
      command: route.nhid === null ? writeRoute(ns, route, rest) : null,
      on: onPlace(ns),
      en: `Takes the next hop ${hop} out of the route to ${cidr}; put it back when it answers again. A routing daemon that owns the route may write it anew.`,
      zh: `从通往 ${cidr} 的路由中去掉下一跳 ${hop};恢复应答后再加回。负责该路由的路由守护进程可能会重新写入。`,
    },
    patch: change(ns, (state) => editRoute(state, route, (r) => ({ ...r, nexthops: rest }))),
  };
}
