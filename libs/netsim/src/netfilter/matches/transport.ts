/** Ports, TCP flags, ICMP types. */
import type { Range, XtMatch } from '@netverdict/linux-net';
import type { Answer, RuleContext } from '../context.ts';

type Of<K extends XtMatch['kind']> = Extract<XtMatch, { kind: K }>;

export const inRange = (range: Range, value: number | null): boolean =>
  value !== null && value >= range.from && value <= range.to;

export const sport = (m: Of<'sport'>, c: RuleContext): Answer => inRange(m.range, c.packet.sport);
export const dport = (m: Of<'dport'>, c: RuleContext): Answer => inRange(m.range, c.packet.dport);

export function multiport(m: Of<'multiport'>, c: RuleContext): Answer {
  const any = (port: number | null): boolean => m.ranges.some((range) => inRange(range, port));
  if (m.on === 'source') return any(c.packet.sport);
  if (m.on === 'destination') return any(c.packet.dport);
  return any(c.packet.sport) || any(c.packet.dport);
}

export const tcpFlags = (m: Of<'tcp-flags'>, c: RuleContext): Answer =>
  c.packet.protocol === 6 && (c.packet.tcpFlags & m.mask) === m.comp;

/** A SYN carries MSS (2), SACK permitted (4), timestamps (8) and window scale (3); which others is up to the sender. */
export function tcpOption(m: Of<'tcp-option'>, c: RuleContext): Answer {
  if (c.packet.protocol !== 6) return false;
  return { unknown: `TCP option ${m.number} of the packet` };
}

export function icmp(m: Of<'icmp'>, c: RuleContext): Answer {
  const { icmp: header } = c.packet;
  if (!header) return false;
  // `--icmp-type any` is type 255 with all codes.
  if (m.type === 255) return true;
  return header.type === m.type && inRange(m.codes, header.code);
}
