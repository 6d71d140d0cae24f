/** Flannel's tunnel ends as they ought to be: for each other node its gateway address, hardware address and node address. */
import {
  type FdbEntry,
  formatIp,
  type IpAddress,
  type Link,
  type Mac,
  type Neighbour,
  type NetnsState,
  parsePrefix,
} from '@netverdict/linux-net';
import { hostOf, nodeAddresses, type World, type WorldNamespace } from '../world/world.ts';

export interface Vtep {
  readonly node: string;
  /** Address of the other end's device: the first of its pod CIDR. */
  readonly gateway: IpAddress;
  readonly mac: Mac;
  /** Where the outer packet is to be sent. */
  readonly dst: IpAddress;
}

/** Of the nodes whose tunnel end is known: from their own device, else from the entries of this one. */
export function vteps(world: World, ns: WorldNamespace, link: Link): readonly Vtep[] {
  const found: Vtep[] = [];
  for (const node of world.map.nodes) {
    if (node.name === ns.node) continue;
    const cidr = parsePrefix(node.podCidrs[0] ?? '');
    const dst = nodeAddresses(world, node.name, 'ipv4')[0];
    if (!cidr.ok || dst === undefined) continue;
    const mac = macOf(world, ns, link, node.name, cidr.value.address);
    if (mac) found.push({ node: node.name, gateway: cidr.value.address, mac, dst });
  }
  return found;
}

function macOf(world: World, ns: WorldNamespace, link: Link, node: string, gateway: IpAddress): Mac | null {
  const host = hostOf(world, node);
  for (const other of host?.net.linkByIndex.values() ?? [])
    if (other.detail.kind === 'vxlan' && other.mac) return other.mac;
  const { neighbours, fdb } = ns.net.state;
  const entry = neighbours.known
    ? neighbours.value.find((n) => n.dev === link.ifindex && n.address === gateway && n.mac)
    : undefined;
  if (entry?.mac) return entry.mac;
  const behind = fdb.known
    ? fdb.value.find((e) => e.dev === link.ifindex && e.dst !== null && world.nodeByAddress.get(e.dst) === node)
    : undefined;
  return behind?.mac ?? null;
}

export const neighbourCommand = (v: Pick<Vtep, 'gateway' | 'mac'>, dev: string): string =>
  `ip neigh replace ${formatIp(v.gateway)} lladdr ${v.mac} dev ${dev} nud permanent`;
export const fdbCommand = (v: Pick<Vtep, 'mac' | 'dst'>, dev: string): string =>
  `bridge fdb replace ${v.mac} dev ${dev} dst ${formatIp(v.dst)} self permanent`;

export function withNeighbour(state: NetnsState, link: Link, v: Pick<Vtep, 'gateway' | 'mac'>): NetnsState {
  if (!state.neighbours.known) return state;
  const entry: Neighbour = {
    address: v.gateway,
    dev: link.ifindex,
    mac: v.mac,
    state: 'permanent',
    proxy: false,
    router: false,
    evidence: { line: 0, text: neighbourCommand(v, link.name) },
  };
  const rest = state.neighbours.value.filter((n) => n.proxy || n.dev !== link.ifindex || n.address !== v.gateway);
  return { ...state, neighbours: { ...state.neighbours, value: [...rest, entry] } };
}

export function withFdb(state: NetnsState, link: Link, v: Pick<Vtep, 'mac' | 'dst'>): NetnsState {
  if (!state.fdb.known) return state;
  const entry: FdbEntry = {
    mac: v.mac,
    dev: link.ifindex,
    master: null,
    vlan: null,
    dst: v.dst,
    vni: null,
    port: null,
    via: null,
    permanent: true,
    isStatic: true,
    evidence: { line: 0, text: fdbCommand(v, link.name) },
  };
  const rest = state.fdb.value.filter((e) => e.dev !== link.ifindex || e.mac !== v.mac);
  return { ...state, fdb: { ...state.fdb, value: [...rest, entry] } };
}
