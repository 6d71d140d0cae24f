/** Where the packet is: kinds of its addresses, bridge ports, reverse path, link layer. */
import type { AddrType, XtMatch } from '@netverdict/linux-net';
import { addressType } from '../../route/lookup.ts';
import { reversePath } from '../../route/reverse-path.ts';
import type { Answer, RuleContext } from '../context.ts';
import { nameIs } from './base.ts';

type Of<K extends XtMatch['kind']> = Extract<XtMatch, { kind: K }>;

export function addrtype(m: Of<'addrtype'>, c: RuleContext): Answer {
  const dev = m.limitIface === 'in' ? c.iif : m.limitIface === 'out' ? c.oif : null;
  const type = addressType(c.ns, m.side === 'source' ? c.packet.source : c.packet.destination, dev?.ifindex ?? null);
  if (type === 'unknown') return { unknown: `the local routing table of ${c.ns.key}` };
  return m.types.includes(type.toUpperCase() as AddrType);
}

export const physdevIn = (m: Of<'physdev-in'>, c: RuleContext): Answer => c.physIn !== null && nameIs(c.physIn, m);
export const physdevOut = (m: Of<'physdev-out'>, c: RuleContext): Answer => c.physOut !== null && nameIs(c.physOut, m);

export function physdevIs(m: Of<'physdev-is'>, c: RuleContext): Answer {
  if (m.what === 'in') return c.physIn !== null;
  if (m.what === 'out') return c.physOut !== null;
  return c.bridged;
}

export function rpfilter(m: Of<'rpfilter'>, c: RuleContext): Answer {
  if (!c.iif) return !m.invert;
  const result = reversePath(c.walk, c.ns, c.iif, c.packet, {
    useMark: m.validmark,
    acceptLocal: m.acceptLocal,
  });
  if (result.kind === 'unknown') return { unknown: result.missing.text };
  const passes = result.kind === 'same-device' || (m.loose && result.kind === 'other-device');
  return passes !== m.invert;
}

export const pkttype = (m: Of<'pkttype'>, _c: RuleContext): Answer => m.type === 'unicast' || m.type === 'host';
export const macSource = (_m: Of<'mac-source'>, c: RuleContext): Answer =>
  c.hook === 'OUTPUT' || c.hook === 'POSTROUTING' ? false : { unknown: 'the source MAC address at this point' };
