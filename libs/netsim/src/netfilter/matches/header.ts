/** Other header fields: length, TTL, TOS, address ranges. */
import type { XtMatch } from '@netverdict/linux-net';
import type { Answer, RuleContext } from '../context.ts';
import { inRange } from './transport.ts';

type Of<K extends XtMatch['kind']> = Extract<XtMatch, { kind: K }>;

export const length = (m: Of<'length'>, c: RuleContext): Answer => inRange(m.range, c.packet.sizeBytes);

export function ttl(m: Of<'ttl'>, c: RuleContext): Answer {
  if (m.op === 'eq') return c.packet.ttl === m.value;
  return m.op === 'lt' ? c.packet.ttl < m.value : c.packet.ttl > m.value;
}

export const tos = (m: Of<'tos'>, c: RuleContext): Answer => (c.packet.tos & m.mask) === m.value;
export const dscp = (m: Of<'dscp'>, c: RuleContext): Answer => c.packet.tos >> 2 === m.value;

export function iprange(m: Of<'iprange'>, c: RuleContext): Answer {
  const address = m.side === 'source' ? c.packet.source : c.packet.destination;
  return typeof address === typeof m.from && address >= m.from && address <= m.to;
}
