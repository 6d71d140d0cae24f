/** A world under construction: generators of several kinds add their lines to it, one after the other. */
import { bareNamespace, type NamespaceLists } from '../world/defaults.ts';
import type { FlowSpec, WorldSpec } from '../world/spec.ts';
import type { Random } from './random.ts';

export interface DraftNamespace extends NamespaceLists {
  readonly name: string;
  /** Its devices: name, and the subnet and host number of its addresses (10.SUBNET.0.HOST, fd00:SUBNET::HOST). */
  readonly devices: DraftDevice[];
  /** HOOK PRIORITY of the native base chains that it has already. */
  readonly prioritiesTaken: Set<string>;
  /** Does it forward? Rules and routes are most telling there. */
  readonly router: boolean;
}

export interface DraftDevice {
  readonly name: string;
  readonly subnet: number | null;
  readonly host: number | null;
}

export interface Draft {
  readonly random: Random;
  readonly namespaces: DraftNamespace[];
  readonly prelude: FlowSpec[];
  readonly flows: FlowSpec[];
  /** Addresses that flows may be aimed at besides those of the devices: translated ones, routed ones, nobody's. */
  readonly targets: { readonly family: 'ipv4' | 'ipv6'; readonly address: string; readonly port: number | null }[];
  /** How many of its rules and routes draw lots: see drawLots. */
  lots: number;
}

export function newDraft(random: Random): Draft {
  return { random, namespaces: [], prelude: [], flows: [], targets: [], lots: 0 };
}

export function addNamespace(draft: Draft, name: string, options: { readonly router: boolean }): DraftNamespace {
  const ns: DraftNamespace = {
    ...bareNamespace(),
    name,
    devices: [],
    prioritiesTaken: new Set(),
    router: options.router,
  };
  ns.sysctls.push(
    `net/ipv4/ip_forward = ${options.router ? 1 : 0}`,
    `net/ipv6/conf/all/forwarding = ${options.router ? 1 : 0}`,
  );
  ns.links.push('link set lo up');
  draft.namespaces.push(ns);
  return ns;
}

/** Gives a device an address of both families in the subnet and sets it up. */
export function addAddresses(ns: DraftNamespace, device: string, subnet: number, host: number): void {
  ns.ip.push(
    `address add 10.${subnet}.0.${host}/24 dev ${device}`,
    `address add fd00:${subnet.toString(16)}::${host.toString(16)}/64 dev ${device} nodad`,
  );
  ns.devices.push({ name: device, subnet, host });
}

export function addRoute(ns: DraftNamespace, to: 'default' | number, gatewaySubnet: number, gatewayHost: number): void {
  const four = to === 'default' ? 'default' : `10.${to}.0.0/24`;
  const six = to === 'default' ? 'default' : `fd00:${to.toString(16)}::/64`;
  ns.ip.push(`route add ${four} via 10.${gatewaySubnet}.0.${gatewayHost}`);
  ns.ip6.push(`route add ${six} via fd00:${gatewaySubnet.toString(16)}::${gatewayHost.toString(16)}`);
}

/** A veth pair between two namespaces; `subnet` null leaves both ends without addresses. */
export function addVeth(
  a: DraftNamespace,
  aDevice: string,
  b: DraftNamespace,
  bDevice: string,
  more: { readonly mtu?: number } = {},
): void {
  const mtu = more.mtu === undefined ? '' : ` mtu ${more.mtu}`;
  a.links.push(`link add ${aDevice}${mtu} type veth peer name ${bDevice}${mtu} netns {${b.name}}`);
  a.ip.push(`link set ${aDevice} up`);
  b.ip.push(`link set ${bDevice} up`);
}

export function finish(draft: Draft, id: string): WorldSpec {
  return {
    id,
    namespaces: draft.namespaces.map(({ devices: _, router: __, prioritiesTaken: ___, ...ns }) => ({
      ...ns,
      ip: gatewaysFirst(ns.ip),
      ip6: gatewaysFirst(ns.ip6),
    })),
    prelude: draft.prelude,
    flows: draft.flows,
  };
}

/**
 * A route's gateway is looked up when the route is made, by the rules and routes that are there: routes that refuse, then policy
 * rules, come after all routes with a gateway.
 */
function gatewaysFirst(lines: readonly string[]): string[] {
  const rank = (line: string): number =>
    line.startsWith('rule ') ? 2 : /^route add (?:blackhole|unreachable|prohibit|throw) /.test(line) ? 1 : 0;
  return [...lines].sort((a, b) => rank(a) - rank(b));
}

/** Each rule that draws lots multiplies the ways a packet can go: a world has two at most. */
const MOST_LOTS = 2;

export function drawLots(draft: Draft): boolean {
  if (draft.lots >= MOST_LOTS) return false;
  draft.lots++;
  return true;
}
