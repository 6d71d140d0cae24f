/** Findings of devices that are down, and of bridges. */
import {
  familyOf,
  type IfIndex,
  type IpAddress,
  type Link,
  maskAddress,
  type NetnsState,
  type Prefix,
  parsePrefix,
  SCOPE,
} from '@netverdict/linux-net';
import type { Evidence } from '@netverdict/verdict';
import { citeLink } from '../trace/evidence.ts';
import { patchNamespace, veth, type World, type WorldNamespace } from '../world/world.ts';
import { mapLinks } from './edit.ts';
import {
  actualRoute,
  type ExpectedRoute,
  expectedRoute,
  mainRoutes,
  routeCommand,
  withRoute,
} from './expected-route.ts';
import { change, type Derived, nameOf, onPlace, type Patched, type Situation } from './finding.ts';
import { deadHopBy } from './route-hops.ts';
import { neighbourCommand, type Vtep, vteps, withNeighbour } from './vtep.ts';

export function linkDown(s: Situation<'link-down'>): Derived {
  const { cause, ns, world } = s;
  if (!ns) return noCarrier(s, cause.link);
  const hop = deadHopBy(ns, s.stop.packet.destination, cause.link.ifindex);
  if (hop) return hop;
  return cause.reason === 'admin-down' ? downLink(world, ns, cause.link) : noCarrier(s, cause.link);
}

/** Also where a packet went astray since the device that it ought to take is down, and its routes with it. */
export function downLink(
  world: World,
  ns: WorldNamespace,
  link: Link,
  evidence: readonly Evidence[] = [citeLink(ns, link)],
): Derived {
  const routes = lostRoutes(world, ns, link);
  const ends = link.detail.kind === 'vxlan' ? vteps(world, ns, link).filter((v) => !hasNeighbour(ns, link, v)) : [];
  const commands = [
    `ip link set ${link.name} up`,
    ...routes.filter((r) => r.src === null).map(routeCommand),
    ...ends.map((v) => neighbourCommand(v, link.name)),
  ];
  const again = commands.length > 1;
  return {
    code: 'NV-LINK-DOWN',
    params: { dev: link.name, where: nameOf(ns) },
    at: ns,
    evidence,
    remedy: {
      command: commands.join(' && '),
      on: onPlace(ns),
      en: again
        ? 'Switches the device on and puts back the routes that the kernel took away with it. Restarting the network plugin on the node does the same for its own devices.'
        : 'Switches the device on.',
      zh: again
        ? '启用该设备,并恢复内核随之删除的路由。重启节点上的网络插件也会恢复它自己的设备和路由。'
        : '启用该设备。',
    },
    patch: (before) => switchOn(before, ns, link, routes, ends),
  };
}

/** IFF_UP brings the connected routes and the bridge's ports back by itself; routes over gateways are put back by hand. */
function switchOn(
  before: Patched,
  ns: WorldNamespace,
  link: Link,
  routes: readonly ExpectedRoute[],
  ends: readonly Vtep[],
): Patched {
  const ports = (l: Link): Link =>
    l.bridgePort && l.master !== null
      ? { ...l, carrier: true, bridgePort: { ...l.bridgePort, state: 'forwarding' } }
      : { ...l, carrier: true };
  let world = patchNamespace(before.world, ns.key, (state) => {
    const links = mapLinks(state, (l) => {
      if (l.ifindex === link.ifindex) return ports({ ...l, up: true });
      return l.master === link.ifindex ? ports(l) : l;
    });
    const routed = withRoutes(withRoutes(links, connected(ns, link)), routes);
    return ends.reduce((now, v) => withNeighbour(now, link, v), routed);
  });
  const peer = veth(before.world, ns, link);
  if (peer.kind === 'found')
    world = patchNamespace(world, peer.ns.key, (state) =>
      mapLinks(state, (l) => (l.ifindex === peer.link.ifindex ? ports(l) : l)),
    );
  return { ...before, world };
}

const withRoutes = (state: NetnsState, routes: readonly ExpectedRoute[]): NetnsState => routes.reduce(withRoute, state);

function hasNeighbour(ns: WorldNamespace, link: Link, v: Vtep): boolean {
  const { neighbours } = ns.net.state;
  return (
    neighbours.known &&
    neighbours.value.some((n) => n.dev === link.ifindex && n.address === v.gateway && n.mac === v.mac)
  );
}

/** The prefix routes of the device's addresses (fib_add_ifaddr). */
function connected(ns: WorldNamespace, link: Link): ExpectedRoute[] {
  return ns.net
    .addressesOn(link.ifindex)
    .filter(
      (a) => !a.noPrefixRoute && a.scope < SCOPE.host && a.prefixLength < (familyOf(a.address) === 'ipv4' ? 32 : 128),
    )
    .map((a) => ({
      destination: {
        family: familyOf(a.address),
        address: maskAddress(a.address, a.prefixLength),
        length: a.prefixLength,
      },
      via: null,
      dev: link,
      onlink: false,
      src: a.address,
      owner: ns.node,
    }));
}

/** What ought to lead over the device and does not any more. */
function lostRoutes(world: World, ns: WorldNamespace, link: Link): ExpectedRoute[] {
  const found: ExpectedRoute[] = [];
  if (ns.kind === 'pod') {
    const address = ns.net.addressesOn(link.ifindex)[0]?.address;
    const route = address === undefined ? null : expectedRoute(world, ns, address);
    if (route && route.dev.ifindex === link.ifindex && !mainRoutes(ns).some((r) => r.destination.length === 0))
      found.push(route);
    return found;
  }
  for (const node of world.map.nodes)
    for (const text of node.podCidrs) {
      const cidr = parsePrefix(text);
      const route = cidr.ok ? expectedRoute(world, ns, firstHost(cidr.value)) : null;
      if (
        route?.dev.ifindex === link.ifindex &&
        actualRoute(ns, firstHost(route.destination))?.destination.length !== route.destination.length
      )
        found.push(route);
    }
  return found;
}

const firstHost = (cidr: Prefix): Prefix['address'] => cidr.address;

function noCarrier(s: Situation, link: Link): Derived {
  return {
    code: 'NV-LINK-NO-CARRIER',
    params: { dev: link.name, where: nameOf(s.ns) },
    remedy: {
      command: null,
      on: onPlace(s.ns),
      en: `Look at the other end of ${link.name}: its cable, its port, or the other end of the virtual pair.`,
      zh: `请检查 ${link.name} 的对端:网线、交换机端口或虚拟设备的另一端。`,
    },
    patch: null,
  };
}

/** What `bridge link set` says and what the port then is. */
const FLOODING = {
  'flood off': { flood: true },
  'mcast_flood off': { multicastFlood: true },
  'bcast_flood off': { broadcastFlood: true },
} as const satisfies Readonly<Record<string, Partial<NonNullable<Link['bridgePort']>>>>;
const isFlooding = (state: string): state is keyof typeof FLOODING => Object.hasOwn(FLOODING, state);

export function bridgePortBlocked(s: Situation<'bridge-port-blocked'>): Derived {
  const { cause, ns } = s;
  const dev = cause.port.name;
  const where = nameOf(ns);
  const set = (words: string): string => `bridge link set dev ${dev} ${words}`;
  if (cause.state === 'isolated')
    return {
      code: 'NV-PORT-ISOLATED',
      params: { dev, where },
      remedy: {
        command: set('isolated off'),
        on: onPlace(ns),
        en: 'Lets this port talk to the other isolated ports. Somebody isolated it on purpose: find out why first.',
        zh: '允许该端口与其他隔离端口通信。隔离是被有意设置的,请先弄清原因。',
      },
      patch: editPort(ns, cause.port.ifindex, { isolated: false }),
    };
  if (isFlooding(cause.state)) {
    const [kind] = cause.state.split(' ');
    return {
      code: 'NV-BRIDGE-FLOOD-OFF',
      params: { dev, where, kind: kind ?? '' },
      remedy: {
        command: set(`${kind} on`),
        on: onPlace(ns),
        en: 'Lets the bridge send out of this port what it does not know the port of. Without that every address behind the port has to be in the forwarding table (bridge fdb add).',
        zh: '允许网桥把未知端口的帧从该端口发出。否则该端口后面的每个地址都必须写入转发表(bridge fdb add)。',
      },
      patch: editPort(ns, cause.port.ifindex, FLOODING[cause.state]),
    };
  }
  const locked = cause.state === 'locked';
  return {
    code: 'NV-BRIDGE-PORT-BLOCKED',
    params: { dev, where, state: cause.state },
    remedy: {
      command: set(locked ? 'locked off' : 'state 3'),
      on: onPlace(ns),
      en: locked
        ? 'Takes frames from any address behind the port again. Somebody locked it on purpose (802.1X, MAB): find out why first.'
        : 'Sets the port to forwarding. If spanning tree runs on the bridge, it decides, and may have a reason.',
      zh: locked
        ? '重新接收来自该端口后任意地址的帧。端口锁定是被有意设置的(802.1X、MAB),请先弄清原因。'
        : '把端口设为转发状态。如果网桥启用了生成树协议,则由它决定,可能有其原因。',
    },
    patch: editPort(ns, cause.port.ifindex, locked ? { locked: false } : { state: 'forwarding' }),
  };
}

/** The host's end of the pod's veth is there, but in no bridge: `bridge` should have it as a port. */
export function detachedPort(world: World, ns: WorldNamespace, bridge: Link, address: IpAddress): Derived | null {
  if (bridge.detail.kind !== 'bridge') return null;
  const port = [...world.namespaces.values()]
    .filter((owner) => owner.node === ns.node && owner.kind === 'pod' && owner.net.own.has(address))
    .flatMap((owner) => [...owner.net.linkByIndex.values()].map((link) => veth(world, owner, link)))
    .flatMap((peer) => (peer.kind === 'found' && peer.ns === ns ? [peer.link] : []))
    .find((link) => link.master !== bridge.ifindex);
  if (!port) return null;
  // As the bridge plugin sets all its ports, or none.
  const like = [...ns.net.linkByIndex.values()].find((l) => l.master === bridge.ifindex && l.bridgePort)?.bridgePort;
  const hairpin = like?.hairpin ? ` && bridge link set dev ${port.name} hairpin on` : '';
  return {
    code: 'NV-BRIDGE-PORT-BLOCKED',
    params: { dev: port.name, where: nameOf(ns), state: `not attached to ${bridge.name}` },
    at: ns,
    evidence: [citeLink(ns, port)],
    remedy: {
      command: `ip link set ${port.name} master ${bridge.name}${hairpin}`,
      on: onPlace(ns),
      en: `Makes the pod's device a port of ${bridge.name} again; recreating the pod does the same.`,
      zh: `把该 Pod 的设备重新加入网桥 ${bridge.name};重建 Pod 也有同样效果。`,
    },
    patch: change(ns, (state) =>
      mapLinks(state, (l) =>
        l.ifindex === port.ifindex ? { ...l, master: bridge.ifindex, bridgePort: portLike(like) } : l,
      ),
    ),
  };
}

/** A new port's settings are the kernel's defaults but for what the command sets. */
const portLike = (like: Link['bridgePort'] | undefined): Link['bridgePort'] => ({
  state: 'forwarding',
  hairpin: like?.hairpin ?? false,
  isolated: false,
  learning: true,
  flood: true,
  broadcastFlood: true,
  multicastFlood: true,
  proxyArp: false,
  proxyArpWifi: false,
  neighSuppress: false,
  locked: false,
  vlans: null,
});

export function hairpinOff(s: Situation<'hairpin-off'>): Derived {
  const { cause, ns } = s;
  return {
    code: 'NV-HAIRPIN-OFF',
    params: { where: nameOf(ns), dev: cause.port.name },
    remedy: {
      command: `bridge link set dev ${cause.port.name} hairpin on`,
      on: onPlace(ns),
      en: 'Lets the bridge send packets back to the pod that they came from. The CNI configuration (hairpinMode) keeps it for new pods.',
      zh: '允许网桥把数据包送回来源 Pod。在 CNI 配置中设置 hairpinMode 可对新建的 Pod 生效。',
    },
    patch: editPort(ns, cause.port.ifindex, { hairpin: true }),
  };
}

const editPort = (
  ns: WorldNamespace | undefined,
  ifindex: IfIndex,
  edit: Partial<NonNullable<Link['bridgePort']>>,
): Derived['patch'] =>
  change(ns, (state) =>
    mapLinks(state, (l) =>
      l.ifindex === ifindex && l.bridgePort ? { ...l, bridgePort: { ...l.bridgePort, ...edit } } : l,
    ),
  );
