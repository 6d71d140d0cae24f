/** Follows one packet and its answer to the end: the one place where the stages' results are dispatched. */

import { assertNever, type Flow, formatIp, type IfIndex, type Ipv6, type Link, parseIp } from '@netverdict/linux-net';
import { reset } from '../answer/error-packet.ts';
import { hear, react, type Stage } from '../answer/react.ts';
import { confirmEntry } from '../conntrack/confirm.ts';
import { ECHO_ID } from '../conntrack/free-port.ts';
import { sameTuple, tupleOf } from '../conntrack/table.ts';
import { bridgeForward } from '../link/bridge.ts';
import { receive } from '../link/receive.ts';
import { transmit } from '../link/transmit.ts';
import { fromOutside, toOutside } from '../link/wire.ts';
import { needed, unavailable } from '../neighbour/resolve.ts';
import { describe, type Packet, TCP } from '../packet/packet.ts';
import { localOutput } from '../path/output.ts';
import { ipReceive } from '../path/receive.ts';
import { chooseSource } from '../route/choose-source.ts';
import { heardBy } from '../socket/device.ts';
import { answersAs, isToEverybody } from '../socket/to-everybody.ts';
import { OUTSIDE } from '../trace/recorder.ts';
import { stopUnread, sysctl, unreadHost } from '../world/facts.ts';
import type { World, WorldNamespace } from '../world/world.ts';
import type { Allowance } from './budget.ts';
import type { Lens } from './lens.ts';
import type { Next } from './next.ts';
import type { Stop } from './stop.ts';
import { type Manner, Walk } from './walk.ts';

export interface Ran {
  readonly walk: Walk;
  readonly stop: Stop | null;
  /** The budget was used up on the way: `stop` says nothing. */
  readonly abandoned: boolean;
}

export function run(
  world: World,
  flow: Flow,
  prefix: readonly number[],
  allowance: Allowance,
  lens: Lens | null,
  manner: Partial<Manner>,
): Ran {
  const walk = new Walk(world, flow, prefix, allowance, lens, manner);
  let next = start(walk);
  let stage: Stage | null = null;
  for (;;) {
    if (next.do === 'end') {
      const more: Next | null = next.stop && react(walk, next.stop, stage);
      const another = more === null ? walk.nextError() : null;
      if (another) {
        next = another;
        continue;
      }
      if (!more) noteUnknown(walk, next.stop);
      if (!more) return { walk, stop: walk.grave ?? wayEnded(walk, next.stop), abandoned: false };
      next = more;
    }
    // What became of the packet is known, even where its error was followed no longer.
    if (next.do === 'abandon') noteUnknown(walk, null);
    if (next.do === 'abandon') return { walk, stop: walk.grave, abandoned: walk.grave === null };
    if (next.do === 'end') continue;
    stage = stageOf(next, stage);
    next = walk.spend('stage') ? dispatch(walk, next) : { do: 'abandon' };
  }
}

/** The packet's fate is known; what its sender hears of it is not, where the way of the error or RST about it is not (`stop`; null: given up). */
function noteUnknown(walk: Walk, stop: Stop | null): void {
  if (walk.grave === null || walk.heard.kind === 'packet') return;
  if (stop === null) walk.heard = { kind: 'unknown', missing: null };
  else if (stop.cause.kind === 'unknown') walk.heard = { kind: 'unknown', missing: stop.cause.missing };
  else if (stop.cause.kind === 'need') walk.heard = { kind: 'unknown', missing: null };
}

/** What the TTL ended was a circle, where the packet went in one. */
const wayEnded = (walk: Walk, stop: Stop | null): Stop | null =>
  stop?.cause.kind === 'ttl-expired' ? (walk.circle ?? stop) : stop;

/** Device and bridge know nothing of the IP layer: its last stage tells by which device the packet came. */
function stageOf(next: Exclude<Next, { do: 'end' | 'abandon' }>, before: Stage | null): Stage {
  switch (next.do) {
    case 'output':
      return { do: next.do, ns: next.ns, iif: null, packet: next.packet, port: null, frame: null };
    case 'ip-receive':
      return {
        do: next.do,
        ns: next.ns,
        iif: next.iif,
        ...(next.routedBy ? { routedBy: next.routedBy } : {}),
        packet: next.packet,
        ...bridgedFrom(next, before),
      };
    case 'receive': {
      const port = isPort(next.ns, next.link) ? next.link : null;
      return { do: next.do, ns: next.ns, iif: next.link, packet: next.frame.packet, port, frame: next.frame };
    }
    default: {
      const { port, frame } = next.do === 'bridge-forward' ? next : NOT_BRIDGED;
      return { do: next.do, ns: 'ns' in next ? next.ns : null, iif: before?.iif ?? null, packet: null, port, frame };
    }
  }
}

const NOT_BRIDGED = { port: null, frame: null };
/** Bridge netfilter remembers the port of what goes up to the host for as long as the packet is (nf_bridge_info). */
const bridgedFrom = (
  { physIn }: Extract<Next, { do: 'ip-receive' }>,
  before: Stage | null,
): Pick<Stage, 'port' | 'frame'> => (physIn === null ? NOT_BRIDGED : { port: physIn, frame: before?.frame ?? null });
const isPort = ({ net }: WorldNamespace, { master }: Link): boolean =>
  master !== null && net.linkByIndex.get(master)?.detail.kind === 'bridge';

function dispatch(walk: Walk, next: Exclude<Next, { do: 'end' | 'abandon' }>): Next {
  switch (next.do) {
    case 'output':
      return localOutput(walk, next.ns, next.packet, next.oif, next.sourceChosen, next.askedBy);
    case 'transmit':
      confirmEntry(walk, next.ns, next.frame.packet);
      return transmit(walk, next.ns, next.link, next.frame, next.nexthop);
    case 'receive':
      walk.handsOn();
      return receive(walk, next.ns, next.link, next.frame);
    case 'ip-receive':
      if (next.iif.loopback) walk.handsOn();
      return ipReceive(walk, next);
    case 'bridge-forward':
      return bridgeForward(walk, next.ns, next.bridge, next.port, next.frame);
    case 'outside':
      return toOutside(walk, next.ns, next.link, next.packet, next.via);
    case 'from-outside':
      return fromOutside(walk, next.packet);
    case 'delivered':
      confirmEntry(walk, next.ns, next.packet);
      if (walk.grave)
        return hear(
          walk,
          next.ns,
          next.packet,
          isSender(walk, next.ns) && heardBy(walk, next.ns, next.iif, next.packet),
        );
      if (walk.confirming) return { do: 'end', stop: null };
      if (walk.direction === 'forward') walk.answerer = next.socket ?? null;
      if (walk.direction === 'forward') walk.arrived = { namespace: next.ns.key, iif: next.iif, packet: next.packet };
      return walk.direction === 'forward' || walk.answering === null
        ? answer(walk, next.ns, next.packet)
        : accept(walk, next.ns, next.iif, next.packet);
    default:
      return assertNever(next);
  }
}

const isSender = (walk: Walk, ns: WorldNamespace): boolean => {
  const { source } = walk.flow;
  return source.kind === 'external' || source.namespace === ns.key;
};

const PROTOCOLS = { tcp: 6, udp: 17 } as const;
/** What is sent to `::` is sent there (tcp_v6_connect, udpv6_sendmsg, rawv6_sendmsg). */
const IPV6_LOOPBACK = 1n as Ipv6;

function start(walk: Walk): Next {
  const { flow, world } = walk;
  const destination = parseIp(flow.destination.address);
  const given = flow.source.kind === 'external' ? flow.source.address : flow.source.address;
  const source = given === null ? null : parseIp(given);
  if (!destination.ok) throw new Error(destination.error);
  if (source && !source.ok) throw new Error(source.error);
  const icmp = flow.protocol === 'icmp';
  const blank: Packet = {
    family: flow.family,
    protocol: icmp ? (flow.family === 'ipv4' ? 1 : 58) : PROTOCOLS[flow.protocol === 'udp' ? 'udp' : 'tcp'],
    source: source?.ok ? source.value : destination.value,
    destination: destination.value === 0n ? IPV6_LOOPBACK : destination.value,
    sport: icmp ? null : flow.sourcePort,
    dport: icmp ? null : flow.destination.port,
    tcpFlags: flow.protocol === 'tcp' ? (flow.tcpFlags ?? (flow.established ? TCP.ACK | TCP.PSH : TCP.SYN)) : 0,
    icmp: icmp ? { type: flow.family === 'ipv4' ? 8 : 128, code: 0, id: flow.icmpId ?? ECHO_ID } : null,
    ttl: flow.ttl ?? 64,
    tos: flow.tos ?? 0,
    sizeBytes: flow.sizeBytes,
    dontFragment: flow.dontFragment,
    mark: flow.mark ?? 0,
    ct: null,
    untracked: false,
    zone: 0,
    // A single packet is written as a whole by who sends it.
    ...(flow.tcpFlags === undefined ? {} : { sum: 'written' }),
    payload: null,
  };
  if (flow.source.kind === 'external') {
    walk.original = blank;
    return { do: 'from-outside', packet: blank };
  }
  const key = flow.source.namespace;
  const ns = world.namespaces.get(key);
  if (!ns) return absentSource(walk, key, blank);
  const unread = unreadHost(ns);
  if (unread) return stopUnread(walk, ns, blank, unread);
  walk.original = blank;
  const sender = chooseSource(walk, ns, blank, source?.ok ? source.value : null);
  if (!sender.ok) return sender.next;
  // ip_route_output_key: what is sent to 0.0.0.0 is sent to oneself.
  const packet = {
    ...blank,
    source: sender.source,
    ...(blank.destination === 0 ? { destination: sender.source } : {}),
  };
  walk.original = packet;
  walk.step(ns, () => ({ kind: 'origin', text: `sends ${describe(packet)}`, action: 'pass', packet }));
  // rawv6_sendmsg routes anew, from the source that the socket has by now; so does IPv4 (ip_route_connect).
  const anew = icmp || flow.tcpFlags !== undefined || flow.family === 'ipv4';
  return { do: 'output', ns, packet, oif: sender.oif, sourceChosen: sender.sourceChosen && !anew };
}

function absentSource(walk: Walk, key: string, packet: Packet): Next {
  walk.original = packet;
  const [node = '', kind, namespace, pod] = key.split('/');
  if (walk.world.unavailable.has(node)) return unavailable(walk, OUTSIDE, packet, node);
  if (kind === 'pod' && namespace && pod)
    return needed(walk, OUTSIDE, packet, { kind: 'pod', node, namespace, pod, why: 'the packet starts there' });
  return needed(walk, OUTSIDE, packet, { kind: 'node', node, why: 'the packet starts there' });
}

/** The packet has arrived: the answer starts back, from the address and port that it was sent to as seen there. */
function answer(walk: Walk, ns: WorldNamespace, packet: Packet): Next {
  walk.direction = 'reply';
  const back = answerTo(walk, ns, packet);
  if (!back) return { do: 'end', stop: null };
  walk.answering = back;
  if (walk.exited) return { do: 'from-outside', packet: back };
  walk.answeredBy = ns.key;
  walk.step(ns, () => ({ kind: 'origin', text: `answers ${describe(back)}`, action: 'pass', packet: back }));
  // A socket that is bound to a device answers by that device.
  const oif = walk.answerer?.dev ? (walk.answerer.dev as IfIndex) : null;
  return { do: 'output', ns, packet: back, oif };
}

/** Bytes: the sizes and window of a SYN, and the time stamps that all packets have. */
const SYN_OPTIONS = 20;
const DATA_OPTIONS = 12;
/** A SYN-ACK says its segment size whatever the SYN said (tcp_synack_options). */
const MSS_OPTION = 4;

/** null: the socket says nothing to such a packet. */
function answerTo(walk: Walk, ns: WorldNamespace, packet: Packet): Packet | null {
  const { sportAmong, dportAmong } = packet;
  const tcp = packet.protocol === 6;
  const v4 = packet.family === 'ipv4';
  // An open connection's socket acknowledges what comes.
  const data = tcp && walk.flow.established === true;
  if (tcp && !data && !opensSocket(packet))
    return packet.tcpFlags & TCP.ACK ? reset({ walk, ns, iif: null, fromSocket: true }, packet) : null;
  // tcp_v4_conn_request: never to a SYN that was sent to everybody.
  if (tcp && isToEverybody(ns, packet)) return null;
  const name = v4 ? 'net/ipv4' : 'net/ipv6';
  const keepsMark = tcp
    ? sysctl(ns, 'net/ipv4/tcp_fwmark_accept')
    : packet.icmp && sysctl(ns, `${name}/fwmark_reflect`);
  return {
    family: packet.family,
    protocol: packet.protocol,
    source: answersAs(walk, ns, packet),
    destination: packet.source,
    sport: packet.dport,
    dport: packet.sport,
    tcpFlags: data ? TCP.ACK : tcp ? TCP.SYN | TCP.ACK : 0,
    icmp: packet.icmp ? { ...packet.icmp, type: v4 ? 0 : 129 } : null,
    ttl: 64,
    // An echo reply has the request's TOS (icmp_reply) or traffic class (icmpv6_echo_reply); a socket has its own.
    tos: packet.icmp ? packet.tos : 0,
    mark: keepsMark ? packet.mark : 0,
    ct: null,
    untracked: false,
    zone: 0,
    payload: packet.payload,
    ...(sportAmong ? { dportAmong: sportAmong } : {}),
    ...(dportAmong ? { sportAmong: dportAmong } : {}),
    // The biggest packet goes one way; an echo comes back as long as it went.
    sizeBytes: tcp
      ? Math.max(
          (v4 ? 40 : 60) + (data ? 0 : MSS_OPTION),
          Math.min(packet.sizeBytes, (v4 ? 60 : 80) - (data ? SYN_OPTIONS - DATA_OPTIONS : 0)),
        )
      : packet.icmp
        ? packet.sizeBytes
        : (walk.flow.answerBytes ?? packet.sizeBytes),
    // An echo reply may be cut (icmp_reply: IP_PMTUDISC_DONT; icmpv6_echo_reply: no IPV6_DONTFRAG).
    dontFragment: packet.icmp ? false : packet.dontFragment,
  };
}

/** tcp_rcv_state_process in LISTEN: an ACK is answered with a RST, what is no SYN with nothing. */
const opensSocket = ({ tcpFlags }: Packet): boolean =>
  (tcpFlags & TCP.SYN) !== 0 && (tcpFlags & (TCP.ACK | TCP.RST | TCP.FIN)) === 0;

/** The answer has come to some host: it is the right one if the source's socket knows it as its own. */
function accept(walk: Walk, ns: WorldNamespace, iif: string, packet: Packet): Next {
  const { original, flow } = walk;
  if (!original) return { do: 'end', stop: null };
  const outside = flow.source.kind === 'external';
  const here = isSender(walk, ns);
  const expected: Packet = {
    ...packet,
    source: original.destination,
    destination: original.source,
    sport: original.dport,
    dport: original.sport,
  };
  const same = sameTuple(tupleOf(packet), tupleOf(expected));
  if (here && same && !heardBy(walk, ns, iif, packet))
    return walk.stop(
      ns,
      packet,
      'misdelivered',
      { kind: 'reply-mismatch', expected },
      `the answer comes by ${iif}, but the source's socket is bound to ${flow.device}`,
      { kind: 'socket', owner: ns },
    );
  if (here && same) {
    walk.heard = { kind: 'packet', packet };
    walk.step(outside ? OUTSIDE : ns, () => ({
      kind: 'socket',
      text: `the answer is back: ${describe(packet)}`,
      action: 'pass',
    }));
    return walk.flow.tcpFlags === undefined && !walk.flow.established && walk.conntrack.hasHalfSeenTcp()
      ? confirm(walk, original, ns)
      : { do: 'end', stop: null };
  }
  const from = `${formatIp(original.destination)}${original.dport === null ? '' : `:${original.dport}`}`;
  return walk.stop(
    outside ? OUTSIDE : ns,
    packet,
    'misdelivered',
    { kind: 'reply-mismatch', expected },
    `the answer comes as ${describe(packet)}, but the source waits for one from ${from}`,
    {
      kind: 'socket',
      owner: ns,
    },
  );
}

/**
 * Where the answer took another way than the packet, a node in between has seen only one of them. connect() returns, but
 * the ACK and all data after it are INVALID there, and kube-proxy's rules drop what is INVALID.
 */
function confirm(walk: Walk, original: Packet, ns: WorldNamespace): Next {
  walk.direction = 'forward';
  walk.confirming = true;
  walk.seenByEnds = walk.rulesMet.length;
  const ack: Packet = { ...original, tcpFlags: TCP.ACK };
  if (walk.flow.source.kind === 'external') return { do: 'from-outside', packet: ack };
  walk.step(ns, () => ({
    kind: 'origin',
    text: `confirms the connection: ${describe(ack)}`,
    action: 'pass',
    packet: ack,
  }));
  return { do: 'output', ns, packet: ack, oif: null };
}
