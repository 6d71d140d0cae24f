/**
 * Where a host's own rule rejects its answer with a RST, that goes to the host itself, in the sender's name, and nobody hears of it. But
 * the device that the answering socket is bound to binds the RST as well (nf_send_reset, ip_route_me_harder): if the address is that of
 * another device, it is asked for on the link, nobody answers, and an error about the RST goes to the sender (ipv4_link_failure).
 */
import type { IfIndex } from '@netverdict/linux-net';
import { routeOutput } from '../path/output-route.ts';
import type { Next } from '../walk/next.ts';
import type { Stop } from '../walk/stop.ts';
import type { Walk } from '../walk/walk.ts';
import { icmpError, reset } from './error-packet.ts';
import { reactionTo } from './from-cause.ts';
import { HOST_UNREACHABLE } from './icmp-codes.ts';
import type { Stage } from './react.ts';

/** `stop`: of the answer. null: nothing comes of it. */
export function lostReset(walk: Walk, stop: Stop, stage: Stage | null): Next | null {
  const dev = walk.answerer?.dev ?? null;
  const { packet } = stop;
  if (stage?.do !== 'output' || stage.ns === null || dev === null || packet.family === 'ipv6') return null;
  if (reactionTo(stop.cause, { packet, byIp: true }).do !== 'rst') return null;
  const { ns } = stage;
  const rst = reset({ walk, ns, iif: null, fromSocket: false }, packet);
  if (!rst) return null;
  const way = walk.aside(() => routeOutput(walk, ns, rst, dev as IfIndex, false));
  if (!way.ok || way.e.route !== null || way.e.out.loopback || !walk.sees('answer/lost-reset', true)) return null;
  const error = icmpError(
    { walk, ns, iif: null, by: way.e.out, fromSocket: false, goesOut: true },
    rst,
    HOST_UNREACHABLE.ipv4,
    null,
  );
  if (!error) return null;
  walk.grave = stop;
  walk.told = error.packet;
  walk.seenByEnds = walk.rulesMet.length;
  walk.step(ns, () => ({
    kind: 'origin',
    text: `nobody on ${way.e.out.name} takes the RST, which is for the host itself: the sender is told`,
    action: 'pass',
    packet: error.packet,
  }));
  return { do: 'output', ns, packet: error.packet, oif: null, sourceChosen: error.sourceChosen };
}
