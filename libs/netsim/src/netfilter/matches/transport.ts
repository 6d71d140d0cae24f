/** Ports, TCP flags, ICMP types. */
import type { Range, XtMatch } from '@netverdict/linux-net';
import type { Packet } from '../../packet/packet.ts';
import type { Answer, NotThere, RuleContext } from '../context.ts';

type Of<K extends XtMatch['kind']> = Extract<XtMatch, { kind: K }>;

export const inRange = (range: Range, value: number | null): boolean =>
  value !== null && value >= range.from && value <= range.to;

/** Without ports (another protocol, by a rule of an old tool) the header is not there. */
export const sport = (m: Of<'sport'>, c: RuleContext): Answer | NotThere => portIn([m.range], 'sport', c.packet);
export const dport = (m: Of<'dport'>, c: RuleContext): Answer | NotThere => portIn([m.range], 'dport', c.packet);

export function multiport(m: Of<'multiport'>, c: RuleContext): Answer | NotThere {
  if (m.on === 'source') return portIn(m.ranges, 'sport', c.packet);
  if (m.on === 'destination') return portIn(m.ranges, 'dport', c.packet);
  const source = portIn(m.ranges, 'sport', c.packet);
  return source === false ? portIn(m.ranges, 'dport', c.packet) : source;
}

/** A port that NAT drew at random, or a tunnel took by a hash, is some port of a range: it is known only where all of them agree. */
function portIn(ranges: readonly Range[], side: 'sport' | 'dport', packet: Packet): Answer | NotThere {
  const port = packet[side];
  if (port === null) return null;
  const among = side === 'sport' ? packet.sportAmong : packet.dportAmong;
  if (!among) return ranges.some((range) => inRange(range, port));
  if (ranges.some((range) => range.from <= among.from && range.to >= among.to)) return true;
  if (ranges.every((range) => range.to < among.from || range.from > among.to)) return false;
  return { unknown: `which port of ${among.from}-${among.to} was drawn` };
}

export const tcpFlags = (m: Of<'tcp-flags'>, c: RuleContext): Answer | NotThere =>
  c.packet.protocol === 6 ? (c.packet.tcpFlags & m.mask) === m.comp : null;

/** A SYN carries MSS (2), SACK permitted (4), timestamps (8) and window scale (3); which others is up to the sender. */
export function tcpOption(m: Of<'tcp-option'>, c: RuleContext): Answer | NotThere {
  if (c.packet.protocol !== 6) return null;
  return { unknown: `TCP option ${m.number} of the packet` };
}

export function icmp(m: Of<'icmp'>, c: RuleContext): Answer | NotThere {
  const { icmp: header } = c.packet;
  if (!header) return null;
  // `--icmp-type any` is type 255 with all codes; ICMPv6 has no such.
  if (m.type === 255 && c.packet.family === 'ipv4') return true;
  return header.type === m.type && inRange(m.codes, header.code);
}
