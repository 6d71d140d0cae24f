/**
 * Which route there ought to be, by the cluster's objects and by what the same host does for other nodes: Flannel's
 * conventions (vxlan: the network address of the pod CIDR over the tunnel, onlink; host-gw: the node's own address), and
 * the bridge plugin's (the bridge that has the gateway's address; in a pod, that gateway).
 */
import {
  formatIp,
  formatPrefix,
  type IfIndex,
  type IpAddress,
  type Link,
  type NetnsState,
  type Prefix,
  parsePrefix,
  prefixContains,
  prefix as prefixOf,
  type Route,
  SCOPE,
  TABLE,
} from '@netverdict/linux-net';
import {
  hostOf,
  isUplink,
  nodeAddresses,
  nodeOfPodAddress,
  nodePodCidrs,
  veth,
  type World,
  type WorldNamespace,
} from '../world/world.ts';

export interface ExpectedRoute {
  readonly destination: Prefix;
  readonly via: IpAddress | null;
  readonly dev: Link;
  readonly onlink: boolean;
  readonly src: IpAddress | null;
  /** The node whose pods it leads to. */
  readonly owner: string;
}

export function expectedRoute(world: World, ns: WorldNamespace, address: IpAddress): ExpectedRoute | null {
  if (ns.kind === 'pod') return podDefault(world, ns, address);
  if (ns.kind !== 'host') return null;
  const owner = nodeOfPodAddress(world, address);
  const cidr = owner === null ? null : cidrOf(world, owner, address);
  if (owner === null || cidr === null) return null;
  return owner === ns.node ? ownPods(ns, cidr, owner) : peerPods(world, ns, cidr, owner);
}

function cidrOf(world: World, node: string, address: IpAddress): Prefix | null {
  for (const text of nodePodCidrs(world, node)) {
    const cidr = parsePrefix(text);
    if (cidr.ok && prefixContains(cidr.value, address)) return cidr.value;
  }
  return null;
}

function ownPods(ns: WorldNamespace, cidr: Prefix, owner: string): ExpectedRoute | null {
  for (const link of ns.net.linkByIndex.values()) {
    if (link.detail.kind !== 'bridge') continue;
    const gateway = ns.net.addressesOn(link.ifindex).find((a) => prefixContains(cidr, a.address));
    if (gateway) return { destination: cidr, via: null, dev: link, onlink: false, src: gateway.address, owner };
  }
  return null;
}

function peerPods(world: World, ns: WorldNamespace, cidr: Prefix, owner: string): ExpectedRoute | null {
  const tunnel = [...ns.net.linkByIndex.values()].find((link) => link.detail.kind === 'vxlan');
  if (tunnel && !usesHostGateway(world, ns, owner))
    return { destination: cidr, via: cidr.address, dev: tunnel, onlink: true, src: null, owner };
  const via = nodeAddresses(world, owner, cidr.family)[0];
  const uplink = [...ns.net.linkByIndex.values()].find(
    (link) =>
      isUplink(world, ns, link) && ns.net.addressesOn(link.ifindex).some((a) => world.nodeByAddress.has(a.address)),
  );
  return via === undefined || !uplink ? null : { destination: cidr, via, dev: uplink, onlink: false, src: null, owner };
}

/** Do the routes to other nodes' pods go to those nodes' own addresses? */
function usesHostGateway(world: World, ns: WorldNamespace, except: string): boolean {
  return world.map.nodes.some((node) => {
    if (node.name === ns.node || node.name === except) return false;
    return node.podCidrs.some((text) => {
      const cidr = parsePrefix(text);
      const route = cidr.ok
        ? mainRoutes(ns).find((r) => formatPrefix(r.destination) === formatPrefix(cidr.value))
        : undefined;
      const via = route?.nexthops[0]?.via;
      return via != null && world.nodeByAddress.get(via) === node.name;
    });
  });
}

/** The default route of a pod: the gateway is the address of the bridge on the other end of its veth. */
function podDefault(world: World, ns: WorldNamespace, towards: IpAddress): ExpectedRoute | null {
  const host = hostOf(world, ns.node);
  for (const link of ns.net.linkByIndex.values()) {
    if (link.detail.kind !== 'veth') continue;
    const peer = veth(world, ns, link);
    if (peer.kind !== 'found' || peer.ns !== host) continue;
    const own = ns.net.addressesOn(link.ifindex).find((a) => typeof a.address === typeof towards);
    const bridge = peer.link.master === null ? undefined : host.net.linkByIndex.get(peer.link.master);
    const gateway = bridge && host.net.addressesOn(bridge.ifindex).find((a) => typeof a.address === typeof towards);
    if (!own || !gateway) continue;
    const destination = prefixOf(typeof towards === 'number' ? '0.0.0.0/0' : '::/0');
    return { destination, via: gateway.address, dev: link, onlink: false, src: null, owner: ns.node };
  }
  return null;
}

export function mainRoutes(ns: WorldNamespace): readonly Route[] {
  const { routes4, routes6 } = ns.net.state;
  return [...(routes4.known ? routes4.value : []), ...(routes6.known ? routes6.value : [])].filter(
    (r) => r.table === TABLE.main,
  );
}

/** The main table's route to the address, as it is. */
export function actualRoute(ns: WorldNamespace, address: IpAddress): Route | null {
  const tables = ns.net.routes[typeof address === 'number' ? 'ipv4' : 'ipv6'];
  if (!tables.known) return null;
  for (const route of tables.value.get(TABLE.main)?.matching(address) ?? []) return route;
  return null;
}

const text = (route: ExpectedRoute): string =>
  route.destination.length === 0 ? 'default' : formatPrefix(route.destination);

export function routeCommand(route: ExpectedRoute): string {
  const via = route.via === null ? '' : ` via ${formatIp(route.via)}`;
  const src = route.src === null ? '' : ` proto kernel scope link src ${formatIp(route.src)}`;
  return `${ipTool(route.destination.family)} route replace ${text(route)}${via} dev ${route.dev.name}${route.onlink ? ' onlink' : ''}${src}`;
}

/** The command that takes exactly this route away: fib_table_delete goes by type, table, TOS, metric and the first next hop. */
export function removeCommand(ns: WorldNamespace, route: Route): string {
  const [hop, ...more] = route.nexthops;
  const via = more.length > 0 || hop?.via == null ? '' : ` via ${formatIp(hop.via)}`;
  const dev = more.length > 0 || hop?.dev == null ? '' : ` dev ${ns.net.linkByIndex.get(hop.dev)?.name ?? ''}`;
  const destination = route.destination.length === 0 ? 'default' : formatPrefix(route.destination);
  const type = route.type === 'unicast' ? '' : `${route.type} `;
  const tos = route.tos === 0 ? '' : ` tos 0x${route.tos.toString(16)}`;
  const table = route.table === TABLE.main ? '' : ` table ${route.table}`;
  const metric = route.metric === 0 ? '' : ` metric ${route.metric}`;
  return `${ipTool(route.family)} route del ${type}${destination}${via}${dev}${tos}${table}${metric}`;
}

const ipTool = (family: Route['family']): string => (family === 'ipv4' ? 'ip' : 'ip -6');
const routesKey = (family: Route['family']): 'routes4' | 'routes6' => (family === 'ipv4' ? 'routes4' : 'routes6');

export function withoutRoute(state: NetnsState, gone: Route): NetnsState {
  const key = routesKey(gone.family);
  const part = state[key];
  if (!part.known) return state;
  return { ...state, [key]: { ...part, value: part.value.filter((route) => route !== gone) } };
}

/** `ip route replace`: in place of the first main-table route to the same destination with TOS and metric 0, or beside the others. */
export function withRoute(state: NetnsState, expected: ExpectedRoute): NetnsState {
  const key = routesKey(expected.destination.family);
  const part = state[key];
  if (!part.known) return state;
  const at = part.value.findIndex(
    (route) =>
      route.table === TABLE.main &&
      route.tos === 0 &&
      route.metric === 0 &&
      formatPrefix(route.destination) === formatPrefix(expected.destination),
  );
  const value = at < 0 ? [...part.value, asRoute(expected)] : part.value.with(at, asRoute(expected));
  return { ...state, [key]: { ...part, value } };
}

function asRoute(expected: ExpectedRoute): Route {
  const { destination, via, dev, onlink, src } = expected;
  return {
    family: destination.family,
    type: 'unicast',
    destination,
    table: TABLE.main,
    tos: 0,
    metric: 0,
    scope: via === null ? SCOPE.link : SCOPE.global,
    protocol: 'static',
    prefsrc: src,
    mtuBytes: null,
    mtuLocked: false,
    nexthops: [{ via, dev: dev.ifindex as IfIndex, weight: 1, onlink, dead: false, linkdown: false, encap: null }],
    nhid: null,
    source: null,
    evidence: { line: 0, text: routeCommand(expected) },
  };
}
