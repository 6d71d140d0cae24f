/** Findings of routes: missing, to the wrong gateway or device, refusing, in circles. */
import {
  familyOf,
  formatIp,
  formatPrefix,
  type IpAddress,
  maskAddress,
  prefixContains,
  type Route,
  TABLE,
} from '@netverdict/linux-net';
import type { Evidence } from '@netverdict/verdict';
import { innermost } from '../packet/packet.ts';
import { cite, citeAbsence } from '../trace/evidence.ts';
import { ifName, type World, type WorldNamespace } from '../world/world.ts';
import {
  actualRoute,
  type ExpectedRoute,
  expectedRoute,
  mainRoutes,
  removeCommand,
  routeCommand,
  withoutRoute,
  withRoute,
} from './expected-route.ts';
import { change, type Derived, nameOf, onPlace, type Situation } from './finding.ts';
import { downLink } from './link.ts';
import { policyRuleRefuses, sourceNotAvailable, ttlExpired } from './refusals.ts';

/**
 * How the host's route to the address differs from what it ought to be; null when it does not, or when nothing tells
 * what it ought to be. Asked before a missing answer or a lost packet is put down to the place where it got lost.
 */
export function routeDrift(world: World, ns: WorldNamespace, address: IpAddress): Derived | null {
  const expected = expectedRoute(world, ns, address);
  if (!expected) return missingDevice(world, ns, address);
  const actual = actualRoute(ns, address);
  if (actual && ns.kind === 'pod' && isOwnSubnet(ns, actual, expected)) return null;
  const hop = actual?.nexthops[0];
  const right =
    hop !== undefined &&
    hop.dev === expected.dev.ifindex &&
    (hop.via === expected.via || (expected.via === null && hop.via === null));
  if (right && actual && actual.destination.length >= expected.destination.length) return null;
  if (!expected.dev.up) return downLink(world, ns, expected.dev);
  if (!actual || actual.destination.length < expected.destination.length) return missing(ns, address, expected);
  return wrong(ns, address, actual, expected);
}

/** A pod reaches its own subnet without the gateway: the route that came with its address is right. */
function isOwnSubnet(ns: WorldNamespace, actual: Route, expected: ExpectedRoute): boolean {
  const [hop] = actual.nexthops;
  return (
    actual.type === 'unicast' &&
    hop?.dev === expected.dev.ifindex &&
    hop.via === null &&
    ns.net
      .addressesOn(hop.dev)
      .some((a) => a.prefixLength === actual.destination.length && prefixContains(actual.destination, a.address))
  );
}

/** Its own pods' bridge is down: its connected route is gone with it. */
function missingDevice(world: World, ns: WorldNamespace, _address: IpAddress): Derived | null {
  const down = ns.kind === 'pod' ? [...ns.net.linkByIndex.values()].find((l) => !l.loopback && !l.up) : undefined;
  return down ? downLink(world, ns, down) : null;
}

function missing(ns: WorldNamespace, address: IpAddress, expected: ExpectedRoute): Derived {
  const cidr = formatPrefix(expected.destination);
  const routes = ns.net.state.routes4;
  const pod = ns.kind === 'pod';
  return {
    code: pod ? 'NV-NO-ROUTE' : 'NV-ROUTE-MISSING',
    params: pod
      ? { where: nameOf(ns), address: formatIp(address) }
      : { where: nameOf(ns), cidr, owner: expected.owner, address: formatIp(address) },
    at: ns,
    evidence: [citeAbsence(routes, 'ip-route', pod ? 'no default route' : `no route to ${cidr}`)],
    remedy: {
      command: pod ? podRoutes(ns, expected) : routeCommand(expected),
      on: onPlace(ns),
      en: pod
        ? 'Puts back the default route that the network plugin gives a pod.'
        : `Puts back the route to the pods of ${expected.owner}; restarting the network plugin on ${ns.node} does the same.`,
      zh: pod
        ? '恢复网络插件为 Pod 设置的默认路由。'
        : `恢复通往 ${expected.owner} 的 Pod 的路由;重启 ${ns.node} 上的网络插件也有同样效果。`,
    },
    patch: change(ns, (state) => withRoute(pod ? withPodSubnet(ns, state, expected) : state, expected)),
  };
}

/** The gateway has to be on a connected prefix before a route can name it. */
function podSubnet(ns: WorldNamespace, expected: ExpectedRoute): ExpectedRoute | null {
  const own = ns.net.addressesOn(expected.dev.ifindex).find((a) => typeof a.address === typeof expected.via);
  if (!own || actualRoute(ns, own.address)?.nexthops[0]?.via === null) return null;
  const width = typeof own.address === 'number' ? 32 : 128;
  if (own.prefixLength === width) return null;
  const shift = width - own.prefixLength;
  const address =
    typeof own.address === 'number'
      ? (Number((BigInt(own.address) >> BigInt(shift)) << BigInt(shift)) as IpAddress)
      : (((own.address >> BigInt(shift)) << BigInt(shift)) as IpAddress);
  return {
    destination: { family: expected.destination.family, address, length: own.prefixLength },
    via: null,
    dev: expected.dev,
    onlink: false,
    src: own.address,
    owner: ns.node,
  };
}

const podRoutes = (ns: WorldNamespace, expected: ExpectedRoute): string => {
  const subnet = podSubnet(ns, expected);
  return `${subnet ? `${routeCommand(subnet)} && ` : ''}${routeCommand(expected)}`;
};

function withPodSubnet(ns: WorldNamespace, state: WorldNamespace['net']['state'], expected: ExpectedRoute) {
  const subnet = podSubnet(ns, expected);
  return subnet ? withRoute(state, subnet) : state;
}

function wrong(ns: WorldNamespace, address: IpAddress, actual: Route, expected: ExpectedRoute): Derived {
  const hop = actual.nexthops[0];
  const device = hop?.dev !== expected.dev.ifindex;
  const cidr = formatPrefix(actual.destination);
  const gateway = (via: IpAddress | null | undefined): string => (via == null ? 'the network itself' : formatIp(via));
  const sameTarget = cidr === formatPrefix(expected.destination);
  // Behind a narrower route that is wrong, the right one often stands already.
  const there = mainRoutes(ns).some((r) => r !== actual && leadsAs(r, expected));
  if (actual.type !== 'unicast') return refusing(ns, address, actual, there ? null : expected);
  const remove = removeCommand(ns, actual);
  return {
    code: device ? 'NV-ROUTE-WRONG-DEVICE' : 'NV-ROUTE-WRONG-GATEWAY',
    params: device
      ? { where: nameOf(ns), cidr, actual: ifName(ns, hop?.dev ?? null), expected: expected.dev.name }
      : { where: nameOf(ns), cidr, owner: expected.owner, actual: gateway(hop?.via), expected: gateway(expected.via) },
    at: ns,
    evidence: [citeRoute(ns, actual)],
    remedy: {
      command: there ? remove : `${remove} && ${routeCommand(expected)}`,
      on: onPlace(ns),
      en: sameTarget
        ? `Replaces the route by the one that the network plugin would write (for ${formatIp(address)}).`
        : `Deletes the route to ${cidr}, for all of its addresses; they take the network plugin's route to ${formatPrefix(expected.destination)} then. Whoever wrote it may need it: find out first.`,
      zh: sameTarget
        ? `用网络插件应写入的路由替换它(针对 ${formatIp(address)})。`
        : `删除通往 ${cidr} 的路由(影响其中所有地址),之后它们使用网络插件通往 ${formatPrefix(expected.destination)} 的路由。写入者可能需要它,请先确认。`,
    },
    patch: change(ns, (state) => {
      const without = withoutRoute(state, actual);
      return there ? without : withRoute(without, expected);
    }),
  };
}

const citeRoute = (ns: WorldNamespace, route: Route): Evidence =>
  route.family === 'ipv4'
    ? cite(ns.net.state.routes4, 'ip-route', route.evidence)
    : cite(ns.net.state.routes6, 'ip-route6', route.evidence);

const leadsAs = (route: Route, expected: ExpectedRoute): boolean =>
  route.type === 'unicast' &&
  formatPrefix(route.destination) === formatPrefix(expected.destination) &&
  route.nexthops[0]?.dev === expected.dev.ifindex &&
  route.nexthops[0].via === expected.via;

const REFUSING = {
  en: 'Deletes the refusing route. Somebody or some plugin (Calico does) put it there on purpose: find out why first.',
  zh: '删除这条拒绝路由。它是被有意添加的(例如 Calico 会添加),请先弄清原因。',
};

/** @param expected the route that ought to be in its place, null where it is there beside the refusing one. */
function refusing(ns: WorldNamespace, address: IpAddress, route: Route, expected: ExpectedRoute | null): Derived {
  const remove = removeCommand(ns, route);
  return {
    code: 'NV-ROUTE-REFUSES',
    params: { where: nameOf(ns), type: route.type, address: formatIp(address) },
    at: ns,
    evidence: [citeRoute(ns, route)],
    remedy: {
      command: expected ? `${remove} && ${routeCommand(expected)}` : remove,
      on: onPlace(ns),
      en: expected ? `${REFUSING.en} Puts the network plugin's route in its place.` : REFUSING.en,
      zh: expected ? `${REFUSING.zh}并写入网络插件应有的路由。` : REFUSING.zh,
    },
    patch: change(ns, (state) => {
      const without = withoutRoute(state, route);
      return expected ? withRoute(without, expected) : without;
    }),
  };
}

/**
 * The route of another table than main that led the packet astray: a policy rule asks that table first. Null when the packet
 * took none, or when nothing tells where it ought to go.
 */
export function policyRoute(s: Situation, ns: WorldNamespace, address: IpAddress): Derived | null {
  const expected = expectedRoute(s.world, ns, address);
  const taken = expected ? takenRoute(s, ns, address) : null;
  const [hop] = taken?.nexthops ?? [];
  if (!expected || !taken || !hop || (hop.dev === expected.dev.ifindex && hop.via === expected.via)) return null;
  const derived = wrong(ns, address, taken, expected);
  const removed = removeCommand(ns, taken);
  return {
    ...derived,
    remedy: {
      command: removed,
      on: onPlace(ns),
      en: `Deletes this route of table ${taken.table}, which a policy rule (ip rule) asks before the table main. Whoever wrote it may write it again: find out why it is there.`,
      zh: `删除路由表 ${taken.table} 中的这条路由(策略路由规则在 main 表之前查询该表)。写入者可能会再次写入,请先弄清原因。`,
    },
    patch: change(ns, (state) => withoutRoute(state, taken)),
  };
}

function takenRoute(s: Situation, ns: WorldNamespace, address: IpAddress): Route | null {
  const part = typeof address === 'number' ? ns.net.state.routes4 : ns.net.state.routes6;
  if (!part.known) return null;
  const foreign = part.value.filter(
    (r) => r.table !== TABLE.main && r.table !== TABLE.local && prefixContains(r.destination, address),
  );
  if (foreign.length === 0) return null;
  const cited = s.branch.hops
    .filter((hop) => hop.place === ns.key)
    .flatMap((hop) => hop.steps.flatMap((step) => [step, ...(step.steps ?? [])]))
    .flatMap((step) => step.evidence ?? []);
  return foreign.find((r) => cited.some((e) => e.line === r.evidence.line && e.text === r.evidence.text)) ?? null;
}

/** A device that is down and whose own subnet has the address: its route is gone with it. */
const downSubnet = (ns: WorldNamespace, address: IpAddress) =>
  [...ns.net.linkByIndex.values()].find(
    (link) =>
      !link.up &&
      ns.net
        .addressesOn(link.ifindex)
        .some(
          (a) =>
            familyOf(a.address) === familyOf(address) &&
            maskAddress(a.address, a.prefixLength) === maskAddress(address, a.prefixLength),
        ),
  );

/** No route at all, or lost where only a wrong route can have brought it. */
export function noRoute(s: Situation<'no-route' | 'route-error' | 'looped-back'>): Derived {
  const { ns, world, stop, cause } = s;
  const address = stop.packet.destination;
  const refused = cause.kind === 'route-error' ? cause.route : null;
  if (cause.kind === 'route-error' && refused === null) return policyRuleRefuses(s, cause.type);
  if (cause.kind === 'no-route' && cause.errno === 'EADDRNOTAVAIL') return sourceNotAvailable(s);
  if (ns && refused && refused.table !== TABLE.main) return refusing(ns, address, refused, null);
  const drift = ns ? routeDrift(world, ns, address) : null;
  if (drift) return drift;
  if (ns && refused) return refusing(ns, address, refused, null);
  const down = ns ? downSubnet(ns, address) : undefined;
  if (ns && down) return downLink(world, ns, down);
  return {
    code: 'NV-NO-ROUTE',
    params: { where: nameOf(ns), address: formatIp(address) },
    remedy: {
      command: null,
      on: onPlace(ns),
      en: `Which gateway leads to ${formatIp(address)} cannot be told from here; add the route, or restart what ought to write it.`,
      zh: `从现有信息无法判断哪个网关通往 ${formatIp(address)};请添加路由,或重启负责写入它的组件。`,
    },
    patch: null,
  };
}

/** Before a packet has come to one place often enough to be seen going round, a TTL of 64 is not used up. */
export function loop(s: Situation<'loop' | 'ttl-expired'>): Derived {
  const { ns, world, stop } = s;
  const address = innermost(stop.packet).destination;
  for (const other of ns ? [ns, ...world.namespaces.values()] : world.namespaces.values()) {
    if (other.kind !== 'host' || !s.branch.hops.some((hop) => hop.place === other.key)) continue;
    const drift = routeDrift(world, other, address);
    if (drift) return drift;
  }
  if (s.cause.kind === 'ttl-expired') return ttlExpired(s);
  return {
    code: 'NV-LOOP',
    params: { address: formatIp(address), where: nameOf(ns) },
    remedy: {
      command: null,
      on: null,
      en: 'Two routes point at each other: compare the routes of the hosts in the trace.',
      zh: '两条路由互相指向对方:请比较路径中各主机的路由。',
    },
    patch: null,
  };
}
