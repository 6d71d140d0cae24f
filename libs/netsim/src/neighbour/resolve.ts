/** From the next hop's address to a link-layer address: the neighbour table, else who would answer. */
import { formatIp, type IpAddress, type Link, type Mac, type Need, type Neighbour } from '@netverdict/linux-net';
import type { Evidence } from '@netverdict/verdict';
import type { Member } from '../link/spread.ts';
import { nativeArp } from '../netfilter/native.ts';
import type { Packet } from '../packet/packet.ts';
import { addressType } from '../route/lookup.ts';
import { cite, citeAbsence, citeLink } from '../trace/evidence.ts';
import type { Place } from '../trace/recorder.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import type { CompiledNetns } from '../world/compiled.ts';
import { stopUnread } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { isFixed, learn, learnedBy } from './learned.ts';
import { type Answerer, whoAnswers } from './who-answers.ts';

export type Resolved = { readonly ok: true; readonly mac: Mac | null } | { readonly ok: false; readonly next: Next };

/** These do without ARP; the others are asked for again before long. */
const LASTING: readonly Neighbour['state'][] = ['permanent', 'noarp', 'reachable'];
const USABLE: readonly Neighbour['state'][] = ['permanent', 'reachable', 'stale', 'delay', 'probe', 'noarp'];

export function resolveNeighbour(
  walk: Walk,
  ns: WorldNamespace,
  link: Link,
  address: IpAddress,
  packet: Packet,
): Resolved {
  if (link.loopback || link.detail.kind === 'tun') return { ok: true, mac: null };
  const { neighbours } = ns.net.state;
  if (!neighbours.known)
    return { ok: false, next: stopUnread(walk, ns, packet, { ns, part: neighbours, kind: 'ip-neigh' }) };
  const entry = ns.net.neighbours.get(link.ifindex)?.get(address);
  const group = multicastMac(address) ?? (isBroadcast(ns, link, address) ? BROADCAST : null);
  if (group !== null) return { ok: true, mac: group };
  const learned = isFixed(entry) ? undefined : learnedBy(walk, ns, link, address);
  if (learned !== undefined && walk.sees('neighbour/learned', true)) {
    const renewed = nativeArp(walk, ns, packet);
    if (renewed) return { ok: false, next: renewed };
    walk.step(ns, () => ({
      kind: 'neighbour',
      text: `neighbour ${formatIp(address)} on ${link.name}: ${learned}, as it asked before`,
      action: 'pass',
      evidence: [],
    }));
    return { ok: true, mac: learned };
  }
  const usable = entry?.mac != null && USABLE.includes(entry.state);
  if (entry?.mac && walk.sees(`neighbour/${entry.state}`, usable)) {
    const renewed = LASTING.includes(entry.state) ? null : nativeArp(walk, ns, packet);
    if (renewed) return { ok: false, next: renewed };
    walk.step(ns, () => ({
      kind: 'neighbour',
      text: `neighbour ${formatIp(address)} on ${link.name}: ${entry.mac} (${entry.state})`,
      action: 'pass',
      evidence: [cite(neighbours, 'ip-neigh', entry.evidence)],
    }));
    return { ok: true, mac: entry.mac };
  }
  // arp_constructor, ndisc_constructor: on a device that does no ARP every new neighbour has the device's own address.
  const silent = link.noarp && walk.sees('neighbour/noarp-device', true);
  if (silent && !entry) return { ok: true, mac: link.mac };
  // Who has not answered before is asked again with the next packet (__neigh_event_send).
  const again = entry?.state !== 'failed' || walk.sees('neighbour/failed', true);
  // arp_send_dst, which ndisc_send_ns has no counterpart to.
  const asks = again && !(silent && packet.family === 'ipv4');
  const answer: Answerer = asks ? whoAnswers(walk, ns, link, address, packet) : { kind: 'nobody', lost: null };
  const asked = answer.kind === 'member' ? answer.member.ns : null;
  const arp = nativeArp(walk, ns, packet) ?? (asked && nativeArp(walk, asked, packet));
  if (arp) return { ok: false, next: arp };
  if (answer.kind === 'member') {
    const { rivals } = answer;
    const member = rivals.length === 0 ? answer.member : firstToAnswer(walk, ns, address, [answer.member, ...rivals]);
    if (answer.asker !== null && link.mac !== null) learn(walk, member, answer.asker, link.mac);
    walk.step(ns, () => ({
      kind: 'neighbour',
      text: `neighbour ${formatIp(address)} on ${link.name}: not known yet; ${member.ns.key} answers with ${member.link.mac}`,
      action: 'pass',
      evidence: citeEntry(ns, link, address, entry),
    }));
    return { ok: true, mac: member.link.mac };
  }
  const text = formatIp(address);
  const evidence = citeEntry(ns, link, address, entry);
  switch (answer.kind) {
    case 'proxied':
      walk.step(ns, () => ({
        kind: 'neighbour',
        text: `neighbour ${text} on ${link.name}: not known yet; ${answer.at.link.name} of ${answer.at.ns.key} answers for it with ${answer.mac}`,
        action: 'pass',
        evidence,
      }));
      return { ok: true, mac: answer.mac };
    case 'down': {
      // Nobody answers, and the sender hears of it as of any neighbour that is not there; what is to be mended is the device.
      const { member } = answer;
      const said = `${member.link.name} is down: nobody answers for ${text}`;
      const cited = [citeLink(member.ns, member.link)];
      const cause = { kind: 'link-down', link: member.link, reason: 'admin-down' } as const;
      const down = walk.aside(() => walk.stop(member.ns, packet, 'link-down', cause, said, { evidence: cited }));
      const lost = down.do === 'end' ? down.stop : null;
      return {
        ok: false,
        next: walk.stop(
          ns,
          packet,
          'link-down',
          { kind: 'neighbour', link, address, entry: entry ?? null, lost },
          said,
          {
            evidence: [...cited, ...evidence],
            kind: 'neighbour',
          },
        ),
      };
    }
    case 'outside':
      if (entry && (entry.state === 'failed' || entry.state === 'incomplete')) break;
      walk.step(ns, () => ({
        kind: 'neighbour',
        text: `neighbour ${text} on ${link.name}: outside the nodes, taken as answering`,
        action: 'pass',
        evidence,
      }));
      return { ok: true, mac: null };
    case 'need':
      return { ok: false, next: needed(walk, ns, packet, answer.need) };
    case 'unavailable':
      return { ok: false, next: unavailable(walk, ns, packet, answer.node) };
    case 'unread':
      return { ok: false, next: stopUnread(walk, ns, packet, answer.unread) };
    case 'unknown':
      return {
        ok: false,
        next: walk.unknown(ns, packet, {
          kind: 'link',
          place: ns.key,
          node: ns.node,
          text: `who is on the link of ${link.name} in ${ns.key} is not known`,
          zh: `不知道 ${ns.key} 的 ${link.name} 所在链路上有谁`,
          evidence,
        }),
      };
    case 'nobody':
      break;
  }
  const lost = answer.kind === 'nobody' ? answer.lost : null;
  walk.asksAgain(ns, link, address);
  return {
    ok: false,
    next: walk.stop(
      ns,
      packet,
      'unresolved-neighbour',
      { kind: 'neighbour', link, address, entry: entry ?? null, lost },
      lost
        ? `neighbour ${text} on ${link.name}: the question or the answer is lost`
        : `neighbour ${text} on ${link.name}: nobody answers`,
      {
        evidence: lost ? [...evidence, ...lost.evidence] : evidence,
        kind: 'neighbour',
      },
    ),
  };
}

function citeEntry(
  { net }: WorldNamespace,
  link: Link,
  address: IpAddress,
  entry: Neighbour | undefined,
): readonly Evidence[] {
  const { neighbours } = net.state;
  return entry
    ? [cite(neighbours, 'ip-neigh', entry.evidence)]
    : [citeAbsence(neighbours, 'ip-neigh', `no entry for ${formatIp(address)} dev ${link.name}`)];
}

/** arp_mc_map, ndisc_mc_map: groups are not asked for. */
function multicastMac(address: IpAddress): Mac | null {
  if (typeof address === 'number' && address >>> 28 !== 0xe) return null;
  const bytes = (value: number, count: number): string =>
    Array.from({ length: count }, (_, i) =>
      ((value >>> (8 * (count - 1 - i))) & 0xff).toString(16).padStart(2, '0'),
    ).join(':');
  if (typeof address === 'number') return `01:00:5e:${bytes(address & 0x7fffff, 3)}` as Mac;
  return address >> 120n === 0xffn ? (`33:33:${bytes(Number(address & 0xffffffffn), 4)}` as Mac) : null;
}

const BROADCAST = 'ff:ff:ff:ff:ff:ff' as Mac;

/** arp_constructor: nor is everybody of the device's subnet. */
const isBroadcast = (ns: WorldNamespace, link: Link, address: IpAddress): boolean =>
  typeof address === 'number' &&
  broadcastsOf(ns).has(address) &&
  addressType(ns, address, link.ifindex) === 'broadcast';

/** Each packet asks for its neighbour, and hardly any for everybody. */
const broadcasts = new WeakMap<CompiledNetns, ReadonlySet<IpAddress>>();
function broadcastsOf({ net }: WorldNamespace): ReadonlySet<IpAddress> {
  let found = broadcasts.get(net);
  if (!found) {
    const { routes4 } = net.state;
    const all = routes4.known ? routes4.value.filter((route) => route.type === 'broadcast') : [];
    found = new Set(all.map((route) => route.destination.address));
    broadcasts.set(net, found);
  }
  return found;
}

/** An address that is given twice: who is asked first, or is nearer, nothing tells. */
function firstToAnswer(walk: Walk, ns: WorldNamespace, address: IpAddress, members: readonly Member[]): Member {
  if (members.length === 1) return members[0] as Member;
  const text = formatIp(address);
  const names = members.map((m) => m.ns.key);
  const missing = {
    kind: 'link' as const,
    place: ns.key,
    node: ns.node,
    text: `${names.join(' and ')} both have the address ${text}, and the first to answer gets the packets`,
    zh: `${names.join(' 和 ')} 都有地址 ${text},先应答者收到数据包`,
    evidence: members.map((m) => citeLink(m.ns, m.link)),
  };
  const options = names.map((name) => ({ label: `${name} answers for ${text}`, share: null }));
  const taken = walk.choices.choose('unknown', options, missing, `${ns.key} who has ${text}`);
  return members[taken] as Member;
}

export function needed(walk: Walk, ns: WorldNamespace | Place, packet: Packet, need: Need): Next {
  const what =
    need.kind === 'pod'
      ? `pod ${need.namespace}/${need.pod} on ${need.node}`
      : need.kind === 'node'
        ? `node ${need.node}`
        : `namespace ${need.inode} of ${need.node}`;
  return walk.stop(
    ns,
    packet,
    'insufficient-info',
    { kind: 'need', need },
    `the packet goes on to ${what}, which was not collected`,
    {
      kind: 'unknown',
    },
  );
}

export function unavailable(walk: Walk, ns: WorldNamespace | Place, packet: Packet, node: string): Next {
  const reason = walk.world.unavailable.get(node) ?? 'not collected';
  return walk.stop(
    ns,
    packet,
    'insufficient-info',
    { kind: 'node-unavailable', node, reason },
    `the packet goes on to node ${node}, which could not be read: ${reason}`,
    {
      kind: 'unknown',
    },
  );
}
