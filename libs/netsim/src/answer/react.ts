/**
 * The packet is lost; what its sender learns of it. An error is a packet like others: it goes back through the same stack and
 * may be lost as well. The branch's end stays the packet's own (`walk.grave`).
 */

import type { IfIndex, Link } from '@netverdict/linux-net';
import { describe, type Frame, isIcmpError, type Packet } from '../packet/packet.ts';
import { routeOutput } from '../path/output-route.ts';
import { needsDevice } from '../route/addresses.ts';
import type { Feature } from '../walk/features/index.ts';
import type { Next } from '../walk/next.ts';
import type { ToldOfAnswer } from '../walk/observable.ts';
import type { Stop } from '../walk/stop.ts';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';
import { type Answer, icmpError, reset, type Scene } from './error-packet.ts';
import { errnoFor, type Reaction, reactionTo } from './from-cause.ts';
import { lostReset } from './lost-reset.ts';
import { errorsAbout, isRefusedPiece, refusals } from './pieces.ts';

/** Which stage had the packet when it was lost. */
export interface Stage {
  readonly do: Next['do'];
  readonly ns: WorldNamespace | null;
  /** null: the host's own packet. */
  readonly iif: Link | null;
  /** See `Next`. */
  readonly routedBy?: Link;
  /** As it came to the IP layer there. */
  readonly packet: Packet | null;
  /** The bridge port that it came in by, as this frame, when it has not left the bridge, or bridge netfilter remembers it. */
  readonly port: Link | null;
  readonly frame: Frame | null;
}

/** null: nothing more happens. */
export function react(walk: Walk, stop: Stop, stage: Stage | null): Next | null {
  if (walk.direction === 'reply') walk.toldOfAnswer = aboutAnswer(walk, stop, stage);
  if (walk.grave || walk.confirming || stop.packet.payload !== null) return null;
  if (walk.direction === 'reply') return lostReset(walk, stop, stage);
  const ns = stop.place === null ? undefined : walk.world.namespaces.get(stop.place);
  if (!ns) return null;
  const { packet } = stop;
  const byIp = stage === null || stage.do === 'output' || stage.do === 'ip-receive';
  const own = stage === null || stage.do === 'output';
  const death = { packet, byIp };
  const handshake = packet.protocol === 6 && walk.flow.tcpFlags === undefined;
  // Before the first hook the packet is the very one that the socket gave.
  const rerouted = stage !== null && stage.packet !== packet;
  if (own) {
    const errno = errnoFor(stop.cause, death, handshake, rerouted);
    if (errno !== null && walk.sees('answer/errno', true)) walk.heard = { kind: 'error', errno };
  }
  const reaction = reactionTo(stop.cause, death);
  // Of what is too big for the route that its socket found nobody hears but the system call (ip_append_data).
  if (reaction.do === 'silence' || (own && !rerouted && stop.cause.kind === 'too-big')) return null;
  if (!own && isRefusedPiece(ns, stop, stage.packet)) return null;
  const scene = {
    walk,
    ns,
    iif: stage?.iif ?? null,
    by: deviceOf(stop, stage),
    ...(stage?.routedBy ? { routedBy: stage.routedBy } : {}),
    fromSocket: stop.cause.kind === 'no-listener',
  };
  const made = built(scene, packet, reaction);
  if (!made) return null;
  const { packet: answer } = made;
  if (!walk.sees(featureOf(answer), true)) return null;
  // What the TTL ends was a circle, if it went in one.
  walk.grave = walk.circle ?? stop;
  walk.circle = null;
  walk.told = answer;
  walk.refusals = refusals(ns, stop, own);
  walk.direction = 'reply';
  walk.step(ns, () => ({
    kind: 'origin',
    text: `tells the sender: ${textOf(answer)}`,
    action: 'pass',
    packet: answer,
  }));
  const send = (error: Packet): Next => sending(walk, scene, packet, { ...made, packet: error }, reaction.do, stage);
  const pieces = errorsAbout(ns, stop.cause, packet, own);
  const count = pieces * walk.rejectedCopies;
  if (count > 1) {
    const next = send(pieces > 1 ? aboutLaterPiece(answer) : answer);
    walk.errors = { next, count, handed: [[walk.rulesMet.length]] };
  }
  return send(answer);
}

const aboutLaterPiece = (error: Packet): Packet =>
  error.icmp ? { ...error, icmp: { ...error.icmp, aboutLaterPiece: true } } : error;

function sending(
  walk: Walk,
  scene: Scene,
  about: Packet,
  { packet, sourceChosen }: Answer,
  reaction: Reaction['do'],
  stage: Stage | null,
): Next {
  const { ns, fromSocket } = scene;
  if (reaction === 'rst' && !fromSocket && stage?.port && stage.frame)
    return outByPort(walk, ns, packet, stage.port, stage.frame);
  const askedBy = reaction === 'rst' && fromSocket ? deviceOfReset(ns, about, scene.iif) : undefined;
  return { do: 'output', ns, packet, oif: null, sourceChosen, askedBy };
}

/**
 * tcp_v6_send_response: to an address that its device is part of (::1 is one) by the device that the packet came by: over loopback
 * the one that has the address it was sent to (tcp_v6_iif, rt6i_idev).
 */
function deviceOfReset({ net }: WorldNamespace, about: Packet, iif: Link | null): IfIndex | undefined {
  if (iif === null || !needsDevice(about.source)) return undefined;
  if (!iif.loopback) return iif.ifindex;
  for (const ifindex of net.linkByIndex.keys())
    if (net.addressesOn(ifindex).some(({ address }) => address === about.destination)) return ifindex;
  return iif.ifindex;
}

/**
 * nf_send_reset about a bridged packet: back by the port that it came by, as a frame of who it was for, past the host's own rules. But
 * where the host has no route there, no RST is made.
 */
function outByPort(walk: Walk, ns: WorldNamespace, packet: Packet, link: Link, came: Frame): Next {
  const way = walk.aside(() => routeOutput(walk, ns, packet, null, false));
  if (!way.ok) {
    const unknown = way.next.do === 'end' && way.next.stop?.cause.kind === 'unknown';
    return unknown ? way.next : { do: 'end', stop: walk.grave };
  }
  const frame = { srcMac: came.dstMac, dstMac: came.srcMac, packet };
  return { do: 'transmit', ns, link, frame, nexthop: null };
}

/**
 * The sender of an answer that does not come through hears of it as well; nobody here asks how that error fares. None is sent
 * about an error, but IPv4 counts it as one that was (ip_error, before icmp_send).
 */
function aboutAnswer(walk: Walk, stop: Stop, stage: Stage | null): ToldOfAnswer | null {
  const namespace = walk.grave ? walk.grave.place : walk.answeredBy;
  if (namespace === null || stage?.do !== 'ip-receive' || stage.ns === null) return null;
  const reaction = reactionTo(stop.cause, { packet: stop.packet, byIp: true });
  return reaction.do === 'icmp' ? { namespace, ...reaction.icmp, times: refusals(stage.ns, stop, false) } : null;
}

/** skb->dev: the device that a packet waits at for its next hop, else the one that it came by; a rule of OUTPUT takes loopback. */
const deviceOf = ({ cause }: Stop, stage: Stage | null): Link | null =>
  cause.kind === 'neighbour' ? cause.link : (stage?.iif ?? null);

function built(scene: Scene, packet: Packet, reaction: Exclude<Reaction, { do: 'silence' }>): Answer | null {
  const rst = reaction.do === 'rst' ? reset(scene, packet) : null;
  return reaction.do === 'rst'
    ? rst && { packet: rst, sourceChosen: false }
    : icmpError(scene, packet, reaction.icmp, reaction.mtuBytes ?? null);
}

function featureOf({ family, icmp }: Packet): Feature {
  if (!icmp) return 'answer/rst';
  if (family === 'ipv4' ? icmp.type === 11 : icmp.type === 3) return 'answer/icmp-time-exceeded';
  return icmp.mtuBytes === undefined ? 'answer/icmp-unreachable' : 'answer/icmp-too-big';
}

const textOf = (packet: Packet): string =>
  packet.icmp
    ? `ICMP type ${packet.icmp.type} code ${packet.icmp.code}${packet.icmp.mtuBytes === undefined ? '' : ` (MTU ${packet.icmp.mtuBytes})`} (${describe(packet)})`
    : `RST (${describe(packet)})`;

/** The error or RST has come to some host: it is heard where the flow's socket is, if it is about the flow as that knows it. */
export function hear(walk: Walk, ns: WorldNamespace, packet: Packet, here: boolean): Next {
  const stop = walk.grave;
  const { original } = walk;
  const about = isIcmpError(packet) ? packet.icmp?.about : turned(packet);
  const mine =
    here &&
    original !== null &&
    about !== undefined &&
    about.protocol === original.protocol &&
    about.source === original.source &&
    about.destination === original.destination &&
    about.sport === original.sport &&
    about.dport === original.dport &&
    about.icmp?.id === original.icmp?.id;
  // A system call that failed as well is told second: the error says more.
  // tcp_v4_err, tcp_v6_err: to an open connection it is a soft error, which no program is told; the data is sent again.
  const soft = walk.flow.established === true && packet.icmp !== null;
  if (mine && !soft) walk.heard = { kind: 'packet', packet };
  const who = !mine ? 'nobody waits for it' : soft ? 'no program is told of it' : 'the sender hears of it';
  const text = `${who}: ${textOf(packet)}`;
  walk.step(ns, () => ({ kind: 'socket', text, action: mine ? 'pass' : 'stop', packet }));
  return { do: 'end', stop };
}

/** The packet that a RST answers. */
const turned = (rst: Packet): Packet => ({
  ...rst,
  source: rst.destination,
  destination: rst.source,
  sport: rst.dport,
  dport: rst.sport,
});
