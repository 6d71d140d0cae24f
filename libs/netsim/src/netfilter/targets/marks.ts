/** Targets that change the packet's mark, the connection's mark or a header field, and go on. */
import type { XtTarget } from '@netverdict/linux-net';
import { entryOf, type RuleContext } from '../context.ts';
import type { TargetResult } from './result.ts';

type Of<K extends XtTarget['kind']> = Extract<XtTarget, { kind: K }>;

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

export function mark(t: Of<'mark'>, c: RuleContext): TargetResult {
  const value = ((c.packet.mark & ~t.mask) ^ t.value) >>> 0;
  return { does: 'continue', packet: { ...c.packet, mark: value }, said: `mark becomes ${hex(value)}` };
}

/** To the left, or to the right where negative, within 32 bits. */
const shifted = (value: number, by: number): number => (by >= 0 ? value << by : (value >>> 0) >>> -by) >>> 0;

export function connmarkSet(t: Of<'connmark-set'>, c: RuleContext): TargetResult {
  const entry = entryOf(c);
  if (entry) c.walk.conntrack.update(c.ns.key, entry.id, { mark: shifted((entry.mark & ~t.mask) ^ t.value, t.shift) });
  return { does: 'continue', packet: c.packet };
}

export function connmarkSave(t: Of<'connmark-save'>, c: RuleContext): TargetResult {
  const entry = entryOf(c);
  if (entry)
    c.walk.conntrack.update(c.ns.key, entry.id, {
      mark: ((entry.mark & ~t.ctmask) ^ shifted(c.packet.mark & t.nfmask, t.shift)) >>> 0,
    });
  return { does: 'continue', packet: c.packet };
}

export function connmarkRestore(t: Of<'connmark-restore'>, c: RuleContext): TargetResult {
  const entry = entryOf(c);
  if (!entry) return { does: 'continue', packet: c.packet };
  const value = ((c.packet.mark & ~t.nfmask) ^ shifted(entry.mark & t.ctmask, t.shift)) >>> 0;
  return { does: 'continue', packet: { ...c.packet, mark: value }, said: `mark becomes ${hex(value)}` };
}

export function tos(t: Of<'tos'>, c: RuleContext): TargetResult {
  return { does: 'continue', packet: { ...c.packet, tos: (c.packet.tos & ~t.mask) ^ t.value } };
}

export function dscp(t: Of<'dscp'>, c: RuleContext): TargetResult {
  return { does: 'continue', packet: { ...c.packet, tos: (c.packet.tos & 3) | (t.value << 2) } };
}

export function ttl(t: Of<'ttl'>, c: RuleContext): TargetResult {
  const value = t.op === 'set' ? t.value : t.op === 'inc' ? c.packet.ttl + t.value : c.packet.ttl - t.value;
  return { does: 'continue', packet: { ...c.packet, ttl: Math.min(255, Math.max(0, value)) } };
}
