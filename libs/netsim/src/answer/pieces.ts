/**
 * IPv6 tells the sender of each piece that is lost (icmp6_send; icmp_send answers the first only): as many errors, one behind the
 * other. They are alike, so that one is followed and the rules that it meets count for all.
 */
import { FRAGMENT_HEADERS, type Packet } from '../packet/packet.ts';
import type { RuleMet } from '../walk/observable.ts';
import type { Cause } from '../walk/stop.ts';
import type { WorldNamespace } from '../world/world.ts';

/** Errors about the pieces of one packet. */
export interface Errors {
  readonly count: number;
  /** Where in the rules met the first error is handed from one device to the next, beginning with where it is sent. */
  readonly handed: number[];
}

const IPV6_HEADER = 40;

/** What is lost before it is put together, or once it is cut up again. */
export function errorsAbout(ns: WorldNamespace, cause: Cause, packet: Packet, own: boolean): number {
  const { family, pieceBytes } = packet;
  if (family === 'ipv4' || pieceBytes == null) return 1;
  const each = pieceBytes - FRAGMENT_HEADERS.ipv6;
  const carried = packet.sizeBytes - IPV6_HEADER;
  const pieces = Math.ceil(carried / each);
  if (cause.kind === 'neighbour') return pieces;
  const whole = own || tracks(ns, family);
  if (whole || !BEFORE_RULES.includes(cause.kind)) return 1;
  if (cause.kind !== 'too-big') return pieces;
  const last = carried - (pieces - 1) * each + FRAGMENT_HEADERS.ipv6;
  return pieces - (last > cause.limitBytes ? 0 : 1);
}

/** Later pieces have no ports, which rules may ask for; these ask for none. */
const BEFORE_RULES: readonly Cause['kind'][] = ['too-big', 'no-route', 'route-error', 'ttl-expired', 'loop', 'martian'];

/** Connection tracking puts pieces together at PREROUTING and OUTPUT. */
export const tracks = (ns: WorldNamespace, family: Packet['family']): boolean =>
  ns.net.hooks[family].PREROUTING.some(({ groups }) =>
    groups.some(({ acts }) => acts.some(({ kind }) => kind === 'conntrack')),
  );

/** All errors are sent before the first of them is looked at where they come in. */
export function rulesOfAll(rules: readonly RuleMet[], { count, handed }: Errors): readonly RuleMet[] {
  const [first = rules.length] = handed;
  const all = rules.slice(0, first);
  handed.forEach((from, i) => {
    const stretch = rules.slice(from, handed[i + 1] ?? rules.length);
    for (let n = 0; n < count; n++) all.push(...stretch);
  });
  return all;
}
