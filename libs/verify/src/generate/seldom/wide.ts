/**
 * a — r — b, where each packet has addresses of its own at both ends: what is seldom is made for one packet by a route, a rule or
 * a neighbour entry of its address, beside others in the same world. What is a device's has a wire of its own.
 */
import { PLAIN_FLOW } from '../../world/defaults.ts';
import type { FlowSpec } from '../../world/spec.ts';
import { address, FAMILIES } from '../addresses.ts';
import { addAddresses, addNamespace, addRoute, addVeth, type Draft, type DraftNamespace } from '../draft.ts';

export interface Wide {
  readonly draft: Draft;
  readonly a: DraftNamespace;
  /** Forwards. */
  readonly r: DraftNamespace;
  readonly b: DraftNamespace;
  /** What was laid for the world already, by name. */
  readonly laid: Set<string>;
}

/** One packet, from an address of a's to one of b's; both are its own. */
export interface Aim {
  readonly family: 'ipv4' | 'ipv6';
  /** 100 and more: its number in each subnet. */
  readonly host: number;
  readonly source: string;
  readonly destination: string;
  /** The destination alone, as a prefix. */
  readonly only: string;
  /** `th sport 20000-20129` of nft: this packet and its repetitions. */
  readonly sports: string;
}

/** Makes one seldom thing decide about the packet; null: it has none of this family. */
export type Kind = (wide: Wide, aim: Aim, packet: FlowSpec) => FlowSpec | null;

export const NEAR = 1;
export const FAR = 2;
/** The router's number in each subnet. */
export const ROUTER = 254;
const FIRST_HOST = 100;
const FIRST_SPORT = 20_000;
const SPORTS_PER_FLOW = 130;
export const PORTS_OPEN = [80, 443, 8080] as const;

export function wide(draft: Draft): Wide {
  const a = addNamespace(draft, 'a', { router: false });
  const r = addNamespace(draft, 'r', { router: true });
  const b = addNamespace(draft, 'b', { router: false });
  [a, b].forEach((end, i) => {
    const device = `to-${end.name}`;
    addVeth(end, 'eth0', r, device);
    addAddresses(end, 'eth0', i + 1, 1);
    addAddresses(r, device, i + 1, ROUTER);
    addRoute(end, 'default', i + 1, ROUTER);
  });
  listenEverywhere(draft);
  return { draft, a, r, b, laid: new Set() };
}

export function listenEverywhere(draft: Draft): void {
  for (const ns of draft.namespaces)
    for (const protocol of ['tcp', 'udp'] as const)
      for (const port of PORTS_OPEN) ns.sockets.push({ protocol, family: 'ipv6', address: '::', port, v6only: false });
}

/** The kinds take turns, so that each has its share however few worlds there are. */
export function addInTurn(wide: Wide, kinds: readonly Kind[], first: number, count: number): void {
  const { random } = wide.draft;
  for (let i = 0; i < count; i++) {
    const kind = kinds[(first + i) % kinds.length] as Kind;
    const families = random.chance(0.5) ? FAMILIES : ([...FAMILIES].reverse() as (typeof FAMILIES)[number][]);
    for (const family of families) {
      const aim = aimOf(family, i);
      // Before the routes: one may name the address.
      own(wide.a, 'eth0', aim.source);
      own(wide.b, 'eth0', aim.destination);
      const packet = kind(wide, aim, packetOf(wide.draft, aim, i));
      if (packet === null) continue;
      wide.draft.flows.push(packet);
      break;
    }
  }
}

function aimOf(family: 'ipv4' | 'ipv6', index: number): Aim {
  const host = FIRST_HOST + index;
  const destination = address(family, FAR, host);
  const from = FIRST_SPORT + index * SPORTS_PER_FLOW;
  return {
    family,
    host,
    source: address(family, NEAR, host),
    destination,
    only: `${destination}/${bits(family)}`,
    sports: `th sport ${from}-${from + SPORTS_PER_FLOW - 1}`,
  };
}

export const bits = (family: 'ipv4' | 'ipv6'): number => (family === 'ipv4' ? 32 : 128);

function packetOf({ random }: Draft, aim: Aim, index: number): FlowSpec {
  const protocol = random.weighted([
    [4, 'udp'],
    [4, 'tcp'],
    [1, 'icmp'],
  ] as const);
  return {
    ...PLAIN_FLOW,
    id: `f${index}`,
    from: 'a',
    family: aim.family,
    protocol,
    source: aim.source,
    sport: FIRST_SPORT + index * SPORTS_PER_FLOW,
    destination: aim.destination,
    dport: protocol === 'icmp' ? 0 : random.pick(PORTS_OPEN),
    dontFragment: true,
  };
}

/** Where only a packet with ports will do. */
export const withPorts = (packet: FlowSpec): FlowSpec =>
  packet.protocol === 'icmp' ? { ...packet, protocol: 'udp', dport: PORTS_OPEN[0] } : packet;

export const linesOf = (ns: DraftNamespace, family: 'ipv4' | 'ipv6'): string[] => (family === 'ipv4' ? ns.ip : ns.ip6);

/** One address more, which nobody takes as a source by himself. */
export function own(ns: DraftNamespace, device: string, one: string): void {
  const line = one.includes(':')
    ? `address add ${one}/128 dev ${device} nodad preferred_lft 0`
    : `address add ${one}/32 dev ${device}`;
  if (!ns.ip.includes(line)) ns.ip.push(line);
}

/** Lays something of the world for the first packet that needs it. */
export function once({ laid }: Wide, name: string, lay: () => void): void {
  if (laid.has(name)) return;
  laid.add(name);
  lay();
}

/** A wire more between two of them: `name-r` at r with number 254 of the subnet, `name-b` at the other end with number 1. */
export function wire(
  world: Wide,
  name: string,
  end: 'a' | 'b',
  subnet: number,
): { readonly near: string; readonly far: string } {
  const near = `${name}-r`;
  const far = `${name}-${end}`;
  once(world, name, () => {
    addVeth(world.r, near, world[end], far);
    addAddresses(world.r, near, subnet, ROUTER);
    addAddresses(world[end], far, subnet, 1);
  });
  return { near, far };
}
