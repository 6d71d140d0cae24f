/**
 * IPv6 tells the sender of each piece that is lost (icmp6_send; icmp_send answers the first only): as many errors, one behind the
 * other. They are followed one by one, since a rule may draw lots for each.
 */
import { FRAGMENT_HEADERS, type Packet } from '../packet/packet.ts';
import type { Next } from '../walk/next.ts';
import type { RuleMet } from '../walk/observable.ts';
import type { Cause, Stop } from '../walk/stop.ts';
import type { WorldNamespace } from '../world/world.ts';

/** Errors about the pieces of one packet, or about the copies of one frame. */
export interface Errors {
  /** How those behind the first are sent. */
  readonly next: Next;
  readonly count: number;
  /** For each that was sent so far, where in the rules met it is sent, and then handed from one device to the next. */
  readonly handed: number[][];
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

/**
 * ip_error is called for each piece that has no route, and counts it as an error sent, though icmp_send answers the first only. Once
 * for what connection tracking has put together, and for the host's own packet.
 */
export function refusals(ns: WorldNamespace, { cause, packet }: Pick<Stop, 'cause' | 'packet'>, own: boolean): number {
  const { family, pieceBytes, sizeBytes } = packet;
  if (family === 'ipv6' || pieceBytes == null || own || tracks(ns, family)) return 1;
  if (cause.kind !== 'no-route' && cause.kind !== 'route-error') return 1;
  return Math.ceil((sizeBytes - FRAGMENT_HEADERS.ipv4) / (pieceBytes - FRAGMENT_HEADERS.ipv4));
}

/**
 * A rule refuses nothing whose checksum is wrong, as that of a piece by itself is (nf_send_unreach, reject6_csum_ok). INPUT sees pieces
 * in IPv6 only (ip6_protocol_deliver_rcu puts them together behind it), hence the packet as it came.
 */
export function isRefusedPiece(ns: WorldNamespace, { cause, packet }: Stop, came: Packet | null): boolean {
  if (cause.kind !== 'rule-reject' && cause.kind !== 'nft-reject') return false;
  const { pieceBytes } = packet.family === 'ipv6' ? (came ?? packet) : packet;
  return pieceBytes != null && !tracks(ns, packet.family);
}

/** Later pieces have no ports, which rules may ask for; these ask for none. */
const BEFORE_RULES: readonly Cause['kind'][] = ['too-big', 'no-route', 'route-error', 'ttl-expired', 'loop', 'martian'];

/** Connection tracking puts pieces together at PREROUTING and OUTPUT. */
export const tracks = (ns: WorldNamespace, family: Packet['family']): boolean =>
  ns.net.hooks[family].PREROUTING.some(({ groups }) =>
    groups.some(({ acts }) => acts.some(({ kind }) => kind === 'conntrack')),
  );

/** More than one packet passes the rules, each for itself: pieces, and what a tunnel carries of them. */
export const passesInPieces = (ns: WorldNamespace, packet: Packet): boolean =>
  (isCutUp(packet) && !tracks(ns, packet.family)) || (packet.payload !== null && isCutUp(packet.payload.frame.packet));

const isCutUp = ({ pieceBytes, sizeBytes }: Packet): boolean => pieceBytes != null && pieceBytes < sizeBytes;

/** All errors are sent before the first of them is looked at where they come in. */
export function rulesOfAll(rules: readonly RuleMet[], { handed }: Errors): readonly RuleMet[] {
  const all = rules.slice(0, handed[0]?.[0]);
  const stretches = Math.max(...handed.map(({ length }) => length));
  for (let i = 0; i < stretches; i++)
    handed.forEach((starts, n) => {
      if (starts[i] !== undefined) all.push(...rules.slice(starts[i], starts[i + 1] ?? handed[n + 1]?.[0]));
    });
  return all;
}
