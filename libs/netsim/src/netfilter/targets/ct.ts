/** CT and NOTRACK, before conntrack looks: what has an entry, is about an untracked packet, or was marked by a rule before, they leave alone (xt_CT.c). */
import type { XtTarget } from '@netverdict/linux-net';
import type { Packet } from '../../packet/packet.ts';
import type { RuleContext } from '../context.ts';
import type { TargetResult } from './result.ts';

type Of<K extends XtTarget['kind']> = Extract<XtTarget, { kind: K }>;

const decided = ({ ct, untracked, template, ofUntracked }: Packet): boolean =>
  ct !== null || untracked || template === true || ofUntracked === true;

export function notrack(_t: Of<'notrack'>, c: RuleContext): TargetResult {
  if (decided(c.packet)) return { does: 'continue', packet: c.packet };
  return { does: 'continue', packet: { ...c.packet, untracked: true, ct: null }, said: 'not tracked' };
}

/** A helper adds expectations, of which one flow shows nothing; timeouts and events change nothing for this packet. */
export function ct(t: Of<'ct'>, c: RuleContext): TargetResult {
  if (decided(c.packet)) return { does: 'continue', packet: c.packet };
  if (t.notrack) return { does: 'continue', packet: { ...c.packet, untracked: true, ct: null }, said: 'not tracked' };
  // The low 16 bits: nf_ct_zone_tmpl.
  const zone = t.zone === 'mark' ? c.packet.mark & 0xffff : (t.zone ?? 0);
  const packet: Packet = {
    ...c.packet,
    template: true,
    zone,
    ...(t.zoneOf === 'both' ? {} : { zoneOf: t.zoneOf }),
  };
  return { does: 'continue', packet, ...(zone === 0 ? {} : { said: `conntrack zone ${zone}` }) };
}
