/** conntrack: state, status, tuples, direction, mark. */
import type { XtMatch } from '@netverdict/linux-net';
import { type Answer, entryOf, type RuleContext } from '../context.ts';
import { inMask } from './base.ts';
import { inRange } from './transport.ts';

type Of<K extends XtMatch['kind']> = Extract<XtMatch, { kind: K }>;

export function ctStates(c: RuleContext): readonly string[] {
  if (c.packet.untracked) return ['UNTRACKED'];
  const entry = entryOf(c);
  if (!entry || !c.packet.ct) return ['INVALID'];
  const states: string[] = [c.packet.ct.info.toUpperCase()];
  if (entry.srcNat) states.push('SNAT');
  if (entry.dstNat) states.push('DNAT');
  return states;
}

export function ctstate(m: Of<'ctstate'>, c: RuleContext): Answer {
  const states = ctStates(c);
  return m.states.some((state) => states.includes(state));
}

export function ctproto(m: Of<'ctproto'>, c: RuleContext): Answer {
  const entry = entryOf(c);
  return entry !== undefined && entry.original.protocol === m.number;
}

export function ctstatus(m: Of<'ctstatus'>, c: RuleContext): Answer {
  const entry = entryOf(c);
  const has = (status: string): boolean | null => {
    switch (status.toUpperCase()) {
      case 'NONE':
        return entry === undefined;
      case 'SEEN_REPLY':
        return entry?.seenReply ?? false;
      case 'EXPECTED':
        return false;
      case 'CONFIRMED':
        return entry?.confirmed ?? false;
      default:
        return null;
    }
  };
  const answers = m.statuses.map(has);
  if (answers.includes(true)) return true;
  return answers.includes(null) ? { unknown: `conntrack status ${m.statuses.join(',')}` } : false;
}

export function ctaddress(m: Of<'ctaddress'>, c: RuleContext): Answer {
  const entry = entryOf(c);
  if (!entry) return false;
  const tuple = m.tuple === 'orig' ? entry.original : entry.reply;
  return inMask(m.value, m.side === 'source' ? tuple.source : tuple.destination);
}

export function ctport(m: Of<'ctport'>, c: RuleContext): Answer {
  const entry = entryOf(c);
  if (!entry) return false;
  const tuple = m.tuple === 'orig' ? entry.original : entry.reply;
  return inRange(m.range, m.side === 'source' ? tuple.sport : tuple.dport);
}

export const ctdir = (m: Of<'ctdir'>, c: RuleContext): Answer =>
  c.packet.ct !== null && (c.packet.ct.direction === 'original') === (m.direction === 'ORIGINAL');

export const mark = (m: Of<'mark'>, c: RuleContext): Answer => (c.packet.mark & m.mask) >>> 0 === m.value >>> 0;

export function connmark(m: Of<'connmark'>, c: RuleContext): Answer {
  const entry = entryOf(c);
  return entry !== undefined && (entry.mark & m.mask) >>> 0 === m.value >>> 0;
}
