/** The matches that every rule has: addresses, devices, protocol, fragment. */
import type { IpAddress, Link, MaskedAddress, XtMatch } from '@netverdict/linux-net';
import type { Answer, RuleContext } from '../context.ts';

type Of<K extends XtMatch['kind']> = Extract<XtMatch, { kind: K }>;

export function inMask(value: MaskedAddress, address: IpAddress): boolean {
  const { address: wanted, mask } = value;
  if (typeof wanted === 'number' && typeof mask === 'number' && typeof address === 'number')
    return (address & mask) >>> 0 === (wanted & mask) >>> 0;
  if (typeof wanted === 'bigint' && typeof mask === 'bigint' && typeof address === 'bigint')
    return (address & mask) === (wanted & mask);
  return false;
}

/** A rule that names a device does not match where the hook has none (ip_packet_match compares with an empty name). */
export const nameIs = (link: Link | null, wanted: { name: string; wildcard: boolean }): boolean =>
  wanted.wildcard ? (link?.name ?? '').startsWith(wanted.name) : (link?.name ?? '') === wanted.name;

export const source = (m: Of<'source'>, c: RuleContext): Answer => inMask(m.value, c.packet.source);
export const destination = (m: Of<'destination'>, c: RuleContext): Answer => inMask(m.value, c.packet.destination);
export const inInterface = (m: Of<'in-interface'>, c: RuleContext): Answer => nameIs(c.iif, m);
export const outInterface = (m: Of<'out-interface'>, c: RuleContext): Answer => nameIs(c.oif, m);
export const protocol = (m: Of<'protocol'>, c: RuleContext): Answer => m.number === 0 || m.number === c.packet.protocol;
/** Second and further fragments only; ours are whole, and conntrack defragments before. */
export const fragment = (_m: Of<'fragment'>, _c: RuleContext): Answer => false;
