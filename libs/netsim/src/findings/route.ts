/** Findings of routes: missing, to the wrong gateway or device, refusing, in circles. */
import { formatIp, formatPrefix, type IpAddress, type Route } from '@netverdict/linux-net';
import { innermost } from '../packet/packet.ts';
import { cite, citeAbsence } from '../trace/evidence.ts';
import { ifName, type World, type WorldNamespace } from '../world/world.ts';
import {
  actualRoute,
  type ExpectedRoute,
  expectedRoute,
  removeCommand,
  routeCommand,
  withRoute,
} from './expected-route.ts';
import { change, type Derived, nameOf, onPlace, type Situation } from './finding.ts';
import { downLink } from './link.ts';

/**
 * How the host's route to the address differs from what it ought to be; null when it does not, or when nothing tells
 * what it ought to be. Asked before a missing answer or a lost packet is put down to the place where it got lost.
 */
export function routeDrift(world: World, ns: WorldNamespace, address: IpAddress): Derived | null {
  const expected = expectedRoute(world, ns, address);
  if (!expected) return missingDevice(world, ns, address);
  const actual = actualRoute(ns, address);
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
  const sameTarget = formatPrefix(actual.destination) === formatPrefix(expected.destination);
  const repair = `${sameTarget ? `${removeCommand(ns, actual)} && ` : `${removeCommand(ns, actual)} ; `}${routeCommand(expected)}`;
  return {
    code: device ? 'NV-ROUTE-WRONG-DEVICE' : 'NV-ROUTE-WRONG-GATEWAY',
    params: device
      ? { where: nameOf(ns), cidr, actual: ifName(ns, hop?.dev ?? null), expected: expected.dev.name }
      : { where: nameOf(ns), cidr, owner: expected.owner, actual: gateway(hop?.via), expected: gateway(expected.via) },
    at: ns,
    evidence: [cite(ns.net.state.routes4, 'ip-route', actual.evidence)],
    remedy: {
      command: repair,
      on: onPlace(ns),
      en: `Replaces the route by the one that the network plugin would write (for ${formatIp(address)}).`,
      zh: `用网络插件应写入的路由替换它(针对 ${formatIp(address)})。`,
    },
    patch: change(ns, (state) => {
      const part = state.routes4;
      const without = part.known
        ? { ...state, routes4: { ...part, value: part.value.filter((r) => r !== actual) } }
        : state;
      return withRoute(without, expected);
    }),
  };
}

/** No route at all, or lost where only a wrong route can have brought it. */
export function noRoute(s: Situation<'no-route' | 'route-error' | 'looped-back'>): Derived {
  const { ns, world, stop, cause } = s;
  const address = stop.packet.destination;
  const drift = ns ? routeDrift(world, ns, address) : null;
  if (drift) return drift;
  if (cause.kind === 'route-error')
    return {
      code: 'NV-ROUTE-REFUSES',
      params: { where: nameOf(ns), type: cause.type, address: formatIp(address) },
      remedy: {
        command: cause.route && ns ? `ip route del ${cause.type} ${formatPrefix(cause.route.destination)}` : null,
        on: onPlace(ns),
        en: 'Deletes the refusing route. Somebody or some plugin (Calico does) put it there on purpose: find out why first.',
        zh: '删除这条拒绝路由。它是被有意添加的(例如 Calico 会添加),请先弄清原因。',
      },
      patch: change(ns, (state) =>
        state.routes4.known
          ? { ...state, routes4: { ...state.routes4, value: state.routes4.value.filter((r) => r !== cause.route) } }
          : state,
      ),
    };
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

export function loop(s: Situation<'loop' | 'ttl-expired'>): Derived {
  const { ns, world, stop } = s;
  const address = innermost(stop.packet).destination;
  for (const other of ns ? [ns, ...world.namespaces.values()] : world.namespaces.values()) {
    if (other.kind !== 'host' || !s.branch.hops.some((hop) => hop.place === other.key)) continue;
    const drift = routeDrift(world, other, address);
    if (drift) return drift;
  }
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
