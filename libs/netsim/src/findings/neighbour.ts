/** Findings of next hops that nobody answers for, and of addresses that no pod has. */
import { formatIp, type IpAddress, type Link, type Neighbour, type NetnsState } from '@netverdict/linux-net';
import type { Evidence, Step } from '@netverdict/verdict';
import { innermost } from '../packet/packet.ts';
import { cite, citeAbsence } from '../trace/evidence.ts';
import { hostOf, nodeOfPodAddress, type World, type WorldNamespace } from '../world/world.ts';
import { keepsSilent } from './arp.ts';
import { change, type Derived, nameOf, onPlace, type Situation } from './finding.ts';
import { detachedPort } from './link.ts';
import { policyRoute, routeDrift } from './route.ts';
import { deadHop } from './route-hops.ts';
import { neighbourCommand, vteps, withNeighbour } from './vtep.ts';

export function neighbour(s: Situation<'neighbour' | 'frame-lost'>): Derived {
  const { ns, world, cause } = s;
  const destination = innermost(s.stop.packet).destination;
  const routed = ns
    ? (policyRoute(s, ns, s.stop.packet.destination) ??
      routeDrift(world, ns, s.stop.packet.destination) ??
      routeDrift(world, ns, destination))
    : null;
  if (routed) return routed;
  const address = cause.address ?? destination;
  const hop = ns ? deadHop(ns, s.stop.packet.destination, cause.address, cause.link.ifindex) : null;
  if (hop) return hop;
  const gone = ns ? (gatewayGone(s, ns, address, destination) ?? goneAddress(s, ns, address)) : null;
  if (gone) return gone;
  const nodeLost = nodeAddressGone(s, address);
  if (nodeLost) return nodeLost;
  const wrong = cause.kind === 'frame-lost' ? wrongMac(s, cause.mac) : null;
  if (wrong) return wrong;
  const detached = ns ? detachedPort(world, ns, cause.link, address) : null;
  if (detached) return detached;
  const silent = ns && typeof address === 'number' ? keepsSilent(s, ns, cause.link, address) : null;
  if (silent) return silent;
  const vtep = ns ? vteps(world, ns, cause.link).find((v) => v.gateway === address) : undefined;
  return {
    code: 'NV-NEIGHBOUR-UNRESOLVED',
    params: { where: nameOf(ns), address: formatIp(address), dev: cause.link.name },
    remedy: vtep
      ? {
          command: neighbourCommand(vtep, cause.link.name),
          on: onPlace(ns),
          en: `Puts back the entry for the tunnel end of ${vtep.node}; restarting the network plugin on the node does the same.`,
          zh: `恢复 ${vtep.node} 隧道端点的表项;重启该节点上的网络插件也有同样效果。`,
        }
      : {
          command: null,
          on: onPlace(ns),
          en: `See whether a host with the address ${formatIp(address)} is up and on the network of ${cause.link.name}.`,
          zh: `请检查拥有地址 ${formatIp(address)} 的主机是否在线,并且与 ${cause.link.name} 在同一网络。`,
        },
    patch: vtep ? change(ns, (state) => withNeighbour(state, cause.link, vtep)) : null,
  };
}

/** A pod's next hop is its gateway, which its node ought to have on the bridge. */
function gatewayGone(
  s: Situation<'neighbour' | 'frame-lost'>,
  ns: WorldNamespace,
  address: IpAddress,
  destination: IpAddress,
): Derived | null {
  const host = hostOf(s.world, ns.node);
  if (ns.kind !== 'pod' || address === destination || !host?.net.state.addresses.known) return null;
  if (host.net.own.has(address) || nodeOfPodAddress(s.world, address) !== ns.node) return null;
  if (s.world.podByAddress.has(address)) return null;
  const text = formatIp(address);
  return {
    code: 'NV-NEIGHBOUR-UNRESOLVED',
    params: { where: nameOf(ns), address: text, dev: s.cause.link.name },
    evidence: [citeAbsence(host.net.state.addresses, 'ip-address', `${host.node}: no device has ${text}`)],
    remedy: {
      command: null,
      on: nameOf(host),
      en: `${text} is the pod's gateway, but no device of ${host.node} has this address: put it back on the pods' bridge, with the route to the node's pods (the network plugin does both when it starts the next pod).`,
      zh: `${text} 是该 Pod 的网关,但 ${host.node} 的任何设备上都没有这个地址:请在 Pod 网桥上恢复该地址以及通往本节点 Pod 的路由(网络插件启动下一个 Pod 时也会恢复)。`,
    },
    patch: null,
  };
}

/** The Node object names an address that the node does not have. */
function nodeAddressGone(s: Situation<'neighbour' | 'frame-lost'>, address: IpAddress): Derived | null {
  const { ns, world, cause } = s;
  const node = world.nodeByAddress.get(address);
  const host = node === undefined ? undefined : hostOf(world, node);
  if (!host?.net.state.addresses.known || host.net.own.has(address)) return null;
  const text = formatIp(address);
  return {
    code: 'NV-NEIGHBOUR-UNRESOLVED',
    params: { where: nameOf(ns), address: text, dev: cause.link.name },
    evidence: [citeAbsence(host.net.state.addresses, 'ip-address', `${host.node}: no device has ${text}`)],
    remedy: {
      command: null,
      on: nameOf(host),
      en: `The Node object says that ${host.node} has the address ${text}, but no device of it has: put the address back, and the routes that went with it (what configures the node's network does both).`,
      zh: `Node 对象称 ${host.node} 拥有地址 ${text},但该节点的任何设备上都没有它:请恢复该地址及随之消失的路由(通常由节点的网络配置服务完成)。`,
    },
    patch: null,
  };
}

/** Of the hosts that the packet passed, the one whose neighbour entry names the address that nobody has. */
export function wrongMac(s: Situation, mac: string): Derived | null {
  const { world } = s;
  for (const place of s.branch.hops.map((hop) => hop.place).reverse()) {
    const at = world.namespaces.get(place);
    const entry = at?.net.state.neighbours.known
      ? at.net.state.neighbours.value.find((n) => n.mac === mac && !n.proxy)
      : undefined;
    const link = entry ? at?.net.linkByIndex.get(entry.dev) : undefined;
    if (at && entry && link && !isRight(world, entry)) return wrongEntry(world, at, link, entry);
  }
  return null;
}

const isRight = (world: World, entry: Neighbour): boolean =>
  world.podByAddress.has(entry.address) && !ownerOf(world, entry.address)
    ? true // Of a pod that was not read it cannot be told.
    : [...world.namespaces.values()].some(
        (ns) => ns.net.own.has(entry.address) && [...ns.net.linkByIndex.values()].some((l) => l.mac === entry.mac),
      );

const ownerOf = (world: World, address: IpAddress): WorldNamespace | undefined =>
  [...world.namespaces.values()].find((ns) => ns.net.own.has(address));

/** Also where the tunnel has no forwarding entry for the hardware address that the entry names. */
export function wrongEntry(world: World, at: WorldNamespace, link: Link, entry: Neighbour): Derived {
  const { neighbours } = at.net.state;
  const address = formatIp(entry.address);
  const vtep = vteps(world, at, link).find((v) => v.gateway === entry.address);
  return {
    code: 'NV-NEIGHBOUR-WRONG',
    params: { where: nameOf(at), address, mac: entry.mac ?? '?', dev: link.name },
    at,
    evidence: [cite(neighbours, 'ip-neigh', entry.evidence)],
    remedy: vtep
      ? {
          command: neighbourCommand(vtep, link.name),
          on: onPlace(at),
          en: `Names the tunnel end of ${vtep.node} again; restarting the network plugin on the node does the same.`,
          zh: `改回 ${vtep.node} 隧道端点的硬件地址;重启该节点上的网络插件也有同样效果。`,
        }
      : {
          command: `ip neigh del ${address} dev ${link.name}`,
          on: onPlace(at),
          en: 'Deletes the wrong entry; the kernel asks again and learns the right one.',
          zh: '删除错误的表项;内核会重新询问并学到正确的地址。',
        },
    patch: change(at, (state) => (vtep ? withNeighbour(state, link, vtep) : withoutNeighbour(state, entry))),
  };
}

function withoutNeighbour(state: NetnsState, gone: Neighbour): NetnsState {
  const { neighbours } = state;
  if (!neighbours.known) return state;
  const value = neighbours.value.filter((n) => n.address !== gone.address || n.dev !== gone.dev || n.proxy);
  return { ...state, neighbours: { ...neighbours, value } };
}

/** A pod address that no pod has: by a Service rule that is out of date, or as the user's own destination. */
function goneAddress(s: Situation, ns: WorldNamespace, address: IpAddress): Derived | null {
  const { world, flow } = s;
  const owner = nodeOfPodAddress(world, address);
  const nodesOwn = [...world.namespaces.values()].some((other) => other.net.own.has(address));
  if (owner === null || owner !== ns.node || nodesOwn || world.podByAddress.has(address)) return null;
  const rule =
    formatIp(address) === flow.destination.address
      ? null
      : dnatRule(
          s.branch.hops.flatMap((hop) => hop.steps.map((step) => ({ step, node: hop.node }))),
          formatIp(address),
        );
  if (!rule)
    return {
      code: 'NV-ADDRESS-UNUSED',
      params: { address: formatIp(address), where: nameOf(ns) },
      remedy: {
        command: null,
        on: null,
        en: 'Look up the address that the pod has now.',
        zh: '请查询该 Pod 当前的地址。',
      },
      patch: null,
    };
  const at = world.namespaces.get(`${rule.node}/host`);
  return {
    code: 'NV-DNAT-STALE',
    params: { where: rule.node, address: formatIp(address) },
    listed: 'address',
    ...(at ? { at } : {}),
    evidence: rule.evidence,
    remedy: {
      command: null,
      on: null,
      en: `Restart kube-proxy on ${rule.node} (or see in its log why it does not follow the changes): it writes the rules anew. Deleting single rules would unbalance the others.`,
      zh: `请重启 ${rule.node} 上的 kube-proxy(或查看其日志,弄清为何没有跟上变化),它会重新写入规则。单独删除某条规则会破坏其余规则的比例。`,
    },
    patch: null,
  };
}

function dnatRule(
  steps: readonly { step: Step; node: string | null }[],
  address: string,
): { node: string; evidence: readonly Evidence[] } | null {
  for (const { step, node } of steps) {
    const found = step.steps?.find((sub) => sub.kind === 'rule' && sub.text.includes(`destination becomes ${address}`));
    if (found) return { node: node ?? '?', evidence: found.evidence ?? [] };
  }
  return null;
}
