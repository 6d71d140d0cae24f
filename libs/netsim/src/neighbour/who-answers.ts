/** Who answers when a host asks for a next hop's link-layer address: of those whom the question reaches, and whose answer comes back. */
import {
  type Family,
  hostKey,
  type IpAddress,
  type Ipv4,
  type Ipv6,
  type Link,
  type Mac,
  type Need,
} from '@netverdict/linux-net';
import { type Domain, type Member, spread } from '../link/spread.ts';
import type { Packet } from '../packet/packet.ts';
import { citeLink } from '../trace/evidence.ts';
import type { Stop } from '../walk/stop.ts';
import type { Walk } from '../walk/walk.ts';
import { type Unread, unreadSysctls } from '../world/facts.ts';
import { inAny, isUplink, nodeOfPodAddress, upperOf, veth, type World, type WorldNamespace } from '../world/world.ts';
import { answersArp, filtersByRoute, requestSource } from './arp.ts';
import { overhear } from './learned.ts';
import { advertisesTo, answersNd, exchangeNd, solicitSource } from './nd.ts';

export type Answerer =
  /** `rivals`: others who have the same address and answer as well; the first answer counts. */
  | {
      readonly kind: 'member';
      readonly member: Member;
      readonly rivals: readonly Member[];
      /** The address that the asker names as its own; null: none. */
      readonly asker: IpAddress | null;
    }
  /** A bridge or a tunnel answers out of its own neighbour table. */
  | { readonly kind: 'proxied'; readonly mac: Mac; readonly at: Member }
  /** It is there, but its device is down. */
  | { readonly kind: 'down'; readonly member: Member }
  /** `lost`: what became of the question or the answer, where rules lost it. */
  | { readonly kind: 'nobody'; readonly lost: Stop | null }
  /** A router or host outside the cluster's nodes. */
  | { readonly kind: 'outside' }
  | { readonly kind: 'need'; readonly need: Need }
  | { readonly kind: 'unavailable'; readonly node: string }
  /** It may be one whose devices, addresses or switches were not read. */
  | { readonly kind: 'unread'; readonly unread: Unread }
  | { readonly kind: 'unknown' };

interface Remembered {
  readonly answer: Answerer;
  readonly cost: number;
}

const answers = new WeakMap<World, Map<Link, Map<IpAddress, Map<IpAddress | null, Remembered>>>>();

/** Addresses of a device that are kept in mind. */
const MOST_REMEMBERED = 4096;

/**
 * Hosts at the two ends of a veth, and nothing else upon it: what the one asks and the other answers depends on the world alone,
 * and not on what was learned or chosen before. A path asks the same at each of its devices, there and back, in each branch.
 */
export function whoAnswers(walk: Walk, ns: WorldNamespace, out: Link, address: IpAddress, packet: Packet): Answerer {
  if (typeof address === 'bigint') return askAll(walk, ns, out, address, solicitSource(ns, out, packet), packet);
  const source = requestSource(walk, ns, out, address as Ipv4, packet);
  const peer = walk.lens === null ? hostsAtBothEnds(walk.world, ns, out) : null;
  if (peer === null || filtersByRoute(peer)) return askAll(walk, ns, out, address, source, packet);
  const sources = rememberedOf(walk.world, out, address);
  const before = sources.get(source);
  if (before && isAt(before.answer, peer)) {
    walk.spendAgain(before.cost);
    return before.answer;
  }
  const { asked } = walk.choices;
  const { spent } = walk;
  const answer = askAll(walk, ns, out, address, source, packet);
  if (walk.choices.asked === asked && isAt(answer, peer)) sources.set(source, { answer, cost: walk.spent - spent });
  return answer;
}

const isAt = (answer: Answerer, peer: Member): boolean =>
  answer.kind === 'member' && answer.member.ns === peer.ns && answer.member.link === peer.link;

function rememberedOf(world: World, out: Link, address: IpAddress): Map<IpAddress | null, Remembered> {
  let links = answers.get(world);
  if (!links) {
    links = new Map();
    answers.set(world, links);
  }
  let addresses = links.get(out);
  if (!addresses || addresses.size > MOST_REMEMBERED) {
    addresses = new Map();
    links.set(out, addresses);
  }
  let sources = addresses.get(address);
  if (!sources || sources.size > MOST_REMEMBERED) {
    sources = new Map();
    addresses.set(address, sources);
  }
  return sources;
}

function hostsAtBothEnds(world: World, ns: WorldNamespace, out: Link): Member | null {
  if (out.detail.kind !== 'veth' || out.master !== null || isUplink(world, ns, out)) return null;
  const peer = veth(world, ns, out);
  if (peer.kind !== 'found' || peer.link.master !== null || peer.link.detail.kind !== 'veth') return null;
  const alone = upperOf(world, ns, out).length === 0 && upperOf(world, peer.ns, peer.link).length === 0;
  return alone && !isUplink(world, peer.ns, peer.link) ? peer : null;
}

function askAll(
  walk: Walk,
  ns: WorldNamespace,
  out: Link,
  address: IpAddress,
  source: IpAddress | null,
  packet: Packet,
): Answerer {
  const family = typeof address === 'number' ? 'ipv4' : 'ipv6';
  // ndisc_send_ns: without an address of its own on the device nothing is asked.
  if (family === 'ipv6' && (source === null || !out.multicast)) return { kind: 'nobody', lost: null };
  const to = family === 'ipv4' ? 'broadcast' : 'multicast';
  const domain = spread(walk, ns, out, { from: out.mac, to, wanted: address }, true);
  if (typeof source === 'number' && out.mac !== null) overhear(walk, domain.members, source as Ipv4, out.mac, address);
  const answer = amongKnown(walk, { ns, link: out }, domain, address, source, packet);
  // A namespace that nobody collected is asked for last: one that was, and could not be read, may be the one.
  const open = answer.kind === 'need' && answer.need.kind === 'netns';
  if (answer.kind !== 'nobody' && answer.kind !== 'unknown' && !open) return answer;
  const silent = domain.unread[0] ?? domain.members.map((m) => unreadOf(m, family)).find((part) => part !== null);
  return silent ? { kind: 'unread', unread: silent } : answer;
}

/** What says whether the member answers for addresses that are not its own. */
function unreadOf({ ns }: Member, family: Family): Unread | null {
  const { neighbours, routes4, rules4 } = ns.net.state;
  const unread = unreadSysctls(ns);
  if (unread) return unread;
  if (!neighbours.known) return { ns, part: neighbours, kind: 'ip-neigh' };
  // arp_process asks the routes, neighbour discovery only the addresses.
  if (family === 'ipv6') return null;
  if (!routes4.known) return { ns, part: routes4, kind: 'ip-route' };
  return rules4.known ? null : { ns, part: rules4, kind: 'ip-rule' };
}

function amongKnown(
  walk: Walk,
  asker: Member,
  domain: Domain,
  address: IpAddress,
  source: IpAddress | null,
  packet: Packet,
): Answerer {
  let lost: Stop | null = null;
  const answering = domain.members.filter((m) => {
    const willing =
      typeof address === 'number'
        ? answersArp(walk, m, source as Ipv4 | null, address as Ipv4)
        : answersNd(walk, m, address as Ipv6) && advertisesTo(walk, asker, source as Ipv6, m);
    if (!willing || !(domain.wire || comesBack(walk, m, asker, typeof address === 'number'))) return false;
    const stop = typeof address === 'bigint' ? exchangeNd(walk, asker, source as Ipv6, m, address as Ipv6) : null;
    lost ??= stop;
    return stop === null;
  });
  const [first, ...rest] = answering;
  const [proxy] = domain.proxied;
  if (proxy) return { kind: 'proxied', ...proxy };
  if (first) return { kind: 'member', member: first, rivals: rest.filter((m) => m.ns !== first.ns), asker: source };
  if (lost) return { kind: 'nobody', lost };
  const blocked = blockedBefore(walk, asker, domain, address, packet);
  if (blocked) return { kind: 'nobody', lost: blocked };
  const owner = domain.down.find((m) => m.ns.net.own.has(address));
  if (owner) return { kind: 'down', member: owner };
  return beyond(walk.world, asker, domain, address);
}

/** A bridge port that let the question not in, or not out to where the address is. */
function blockedBefore(walk: Walk, asker: Member, domain: Domain, address: IpAddress, packet: Packet): Stop | null {
  for (const { ns, way, passing } of domain.kept) {
    const cast = { from: asker.link.mac, to: 'broadcast', wanted: null } as const;
    const behind =
      way === 'in' || spread(walk, ns, passing.port, cast, false).members.some((m) => m.ns.net.own.has(address));
    if (!behind) continue;
    const cause = { kind: 'bridge-port-blocked', port: passing.port, state: passing.state } as const;
    const next = walk.aside(() =>
      walk.stop(ns, packet, 'dropped', cause, passing.text, { evidence: [citeLink(ns, passing.port)], kind: 'bridge' }),
    );
    if (next.do === 'end') return next.stop;
  }
  return null;
}

/** The answer is sent to the asker's own address, which bridges on the way have just learned. */
function comesBack(walk: Walk, from: Member, asker: Member, arpReply: boolean): boolean {
  if (asker.link.mac === null) return true;
  const back = spread(
    walk,
    from.ns,
    from.link,
    { from: from.link.mac, to: asker.link.mac, wanted: null, arpReply },
    true,
  );
  return back.members.some((m) => m.ns === asker.ns && m.link.ifindex === asker.link.ifindex);
}

/** Nobody that was read: somebody who was not, or a host outside the nodes? */
function beyond(world: World, { ns, link: out }: Member, domain: Domain, address: IpAddress): Answerer {
  const nobody: Answerer = { kind: 'nobody', lost: null };
  const pod = world.podByAddress.get(address);
  if (
    pod &&
    pod.node === ns.node &&
    domain.missing.length > 0 &&
    !world.namespaces.has(`${pod.node}/pod/${pod.namespace}/${pod.name}`)
  )
    return {
      kind: 'need',
      need: {
        kind: 'pod',
        node: pod.node,
        namespace: pod.namespace,
        pod: pod.name,
        why: `it owns the next hop on ${out.name}`,
      },
    };
  if (domain.wire) {
    const node = world.nodeByAddress.get(address) ?? (pod ? null : nodeOfPodAddress(world, address));
    if (node && node !== ns.node && !world.namespaces.has(hostKey(node))) {
      if (world.unavailable.has(node)) return { kind: 'unavailable', node };
      return { kind: 'need', need: { kind: 'node', node, why: `it owns the next hop on ${out.name} of ${ns.node}` } };
    }
    const clusters =
      pod || inAny(world.map.podCidrs, address) || inAny(world.map.serviceCidrs, address) || node !== null;
    return clusters ? nobody : { kind: 'outside' };
  }
  const inode = domain.missing[0];
  if (inode !== undefined && domain.members.length === 0)
    return { kind: 'need', need: { kind: 'netns', node: ns.node, inode, why: `the other end of ${out.name}` } };
  return domain.unknown ? { kind: 'unknown' } : nobody;
}
