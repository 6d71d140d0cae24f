/** Follows one packet and its answer to the end: the one place where the stages' results are dispatched. */
import { assertNever, type Flow, formatIp, parseIp } from '@netverdict/linux-net';
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
import { OUTSIDE } from '../trace/recorder.ts';
import { stopUnread, unreadHost } from '../world/facts.ts';
import type { World, WorldNamespace } from '../world/world.ts';
import type { Allowance } from './budget.ts';
import type { Lens } from './lens.ts';
import type { Next } from './next.ts';
import type { Stop } from './stop.ts';
import { Walk } from './walk.ts';

export interface Ran {
  readonly walk: Walk;
  readonly stop: Stop | null;
  /** The budget was used up on the way: `stop` says nothing. */
  readonly abandoned: boolean;
}

export function run(world: World, flow: Flow, prefix: readonly number[], allowance: Allowance, lens: Lens | null): Ran {
  const walk = new Walk(world, flow, prefix, allowance, lens);
  let next = start(walk);
  while (next.do !== 'end' && next.do !== 'abandon')
    next = walk.spend('stage') ? dispatch(walk, next) : { do: 'abandon' };
  return { walk, stop: next.do === 'end' ? next.stop : null, abandoned: next.do === 'abandon' };
}

function dispatch(walk: Walk, next: Exclude<Next, { do: 'end' | 'abandon' }>): Next {
  switch (next.do) {
    case 'output':
      return localOutput(walk, next.ns, next.packet, next.oif, next.sourceChosen);
    case 'transmit':
      return transmit(walk, next.ns, next.link, next.frame, next.nexthop);
    case 'receive':
      return receive(walk, next.ns, next.link, next.frame);
    case 'ip-receive':
      return ipReceive(walk, next.ns, next.iif, next.packet, next.prerouted, next.physIn);
    case 'bridge-forward':
      return bridgeForward(walk, next.ns, next.bridge, next.port, next.frame);
    case 'outside':
      return toOutside(walk, next.ns, next.link, next.packet, next.via);
    case 'from-outside':
      return fromOutside(walk, next.packet);
    case 'delivered':
      if (walk.confirming) return { do: 'end', stop: null };
      if (walk.direction === 'forward') walk.arrived = { namespace: next.ns.key, iif: next.iif, packet: next.packet };
      return walk.direction === 'forward' || walk.answering === null
        ? answer(walk, next.ns, next.packet)
        : accept(walk, next.ns, next.packet);
    default:
      return assertNever(next);
  }
}

const PROTOCOLS = { tcp: 6, udp: 17 } as const;
const ECHO_ID = 4711;

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
    destination: destination.value,
    sport: icmp ? null : flow.sourcePort,
    dport: icmp ? null : flow.destination.port,
    tcpFlags: flow.protocol === 'tcp' ? (flow.tcpFlags ?? TCP.SYN) : 0,
    icmp: icmp ? { type: flow.family === 'ipv4' ? 8 : 128, code: 0, id: flow.icmpId ?? ECHO_ID } : null,
    ttl: flow.ttl ?? 64,
    tos: flow.tos ?? 0,
    sizeBytes: flow.sizeBytes,
    dontFragment: flow.dontFragment,
    mark: flow.mark ?? 0,
    ct: null,
    untracked: false,
    zone: 0,
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
  const packet = { ...blank, source: sender.source };
  walk.original = packet;
  walk.step(ns, { kind: 'origin', text: `sends ${describe(packet)}`, action: 'pass', packet });
  return { do: 'output', ns, packet, oif: sender.oif, sourceChosen: sender.sourceChosen };
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
  const back: Packet = {
    ...packet,
    source: packet.destination,
    destination: packet.source,
    sport: packet.dport,
    dport: packet.sport,
    tcpFlags: packet.protocol === 6 ? TCP.SYN | TCP.ACK : 0,
    icmp: packet.icmp ? { ...packet.icmp, type: packet.family === 'ipv4' ? 0 : 129 } : null,
    ttl: 64,
    mark: 0,
    ct: null,
    untracked: false,
    zone: 0,
    // The biggest packet goes one way; an echo comes back as long as it went.
    sizeBytes: packet.protocol === 6 ? Math.min(packet.sizeBytes, 60) : packet.sizeBytes,
  };
  walk.answering = back;
  if (walk.exited) return { do: 'from-outside', packet: back };
  walk.answeredBy = ns.key;
  walk.step(ns, { kind: 'origin', text: `answers ${describe(back)}`, action: 'pass', packet: back });
  return { do: 'output', ns, packet: back, oif: null };
}

/** The answer has come to some host: it is the right one if the source's socket knows it as its own. */
function accept(walk: Walk, ns: WorldNamespace, packet: Packet): Next {
  const { original, flow } = walk;
  if (!original) return { do: 'end', stop: null };
  const outside = flow.source.kind === 'external';
  const here = outside || (flow.source.kind === 'namespace' && flow.source.namespace === ns.key);
  const expected: Packet = {
    ...packet,
    source: original.destination,
    destination: original.source,
    sport: original.dport,
    dport: original.sport,
  };
  if (here && sameTuple(tupleOf(packet), tupleOf(expected))) {
    walk.heard = { kind: 'packet', packet };
    walk.step(outside ? OUTSIDE : ns, {
      kind: 'socket',
      text: `the answer is back: ${describe(packet)}`,
      action: 'pass',
    });
    return walk.conntrack.hasHalfSeenTcp() ? confirm(walk, original, ns) : { do: 'end', stop: null };
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
  const ack: Packet = { ...original, tcpFlags: TCP.ACK };
  if (walk.flow.source.kind === 'external') return { do: 'from-outside', packet: ack };
  walk.step(ns, { kind: 'origin', text: `confirms the connection: ${describe(ack)}`, action: 'pass', packet: ack });
  return { do: 'output', ns, packet: ack, oif: null };
}
