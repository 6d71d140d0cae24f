/** Other header fields: length, TTL, TOS, ECN, MSS, address ranges, chunks, extension headers. */
import type { XtMatch } from '@netverdict/linux-net';
import { TCP } from '../../packet/packet.ts';
import type { Answer, NotThere, RuleContext } from '../context.ts';
import { inRange } from './transport.ts';

type Of<K extends XtMatch['kind']> = Extract<XtMatch, { kind: K }>;

export const length = (m: Of<'length'>, c: RuleContext): Answer => {
  // length_mt6 takes the payload length of the IPv6 header and adds the header.
  return inRange(m.range, c.packet.sizeBytes);
};

export function ttl(m: Of<'ttl'>, c: RuleContext): Answer {
  if (m.op === 'eq') return c.packet.ttl === m.value;
  return m.op === 'lt' ? c.packet.ttl < m.value : c.packet.ttl > m.value;
}

export const tos = (m: Of<'tos'>, c: RuleContext): Answer => (c.packet.tos & m.mask) === m.value;
export const dscp = (m: Of<'dscp'>, c: RuleContext): Answer => c.packet.tos >> 2 === m.value;

export const ecnIp = (m: Of<'ecn-ip'>, c: RuleContext): Answer => (c.packet.tos & 3) === m.value;
const ECN_FLAG = { ece: 0x40, cwr: 0x80 } as const;
export const ecnTcp = (m: Of<'ecn-tcp'>, c: RuleContext): Answer | NotThere =>
  c.packet.protocol === 6 ? (c.packet.tcpFlags & ECN_FLAG[m.flag]) !== 0 : null;

/** Only segments with SYN carry an MSS (tcp_syn_options); which, the sender's route and the rules on the way decide. */
export function tcpmss(m: Of<'tcpmss'>, c: RuleContext): Answer | NotThere {
  if (c.packet.protocol !== 6) return null;
  if ((c.packet.tcpFlags & TCP.SYN) === 0) return false;
  return { unknown: `the MSS in the segment (${m.range.from}:${m.range.to})` };
}

export function iprange(m: Of<'iprange'>, c: RuleContext): Answer {
  const address = m.side === 'source' ? c.packet.source : c.packet.destination;
  return typeof address === typeof m.from && address >= m.from && address <= m.to;
}

/** No SCTP packet is made here, and without the header the match says no. */
export const sctpChunks = (_m: Of<'sctp-chunks'>, c: RuleContext): Answer | NotThere =>
  c.packet.protocol === 132 ? { unknown: 'the chunks of the SCTP packet' } : null;

const PROTO = 1;
/** ipv6header_mt6: packets here have no extension headers, so `prot` is all that there is. */
export function ipv6header(m: Of<'ipv6header'>, _c: RuleContext): Answer {
  // `--soft` asks whether those named are there, and with `!` whether none of them is; without it, whether they are all that are there.
  if (m.soft) return m.negate ? (PROTO & m.headers) !== 0 : (PROTO & m.headers) === m.headers;
  return m.headers === PROTO;
}
