/** conntrack: state, status, tuples, direction, mark. */
import type { XtMatch } from '@netverdict/linux-net';
import type { CtRef } from '../../conntrack/table.ts';
import { hasTemplate } from '../../conntrack/template.ts';
import { type Answer, entryOf, type NotThere, type RuleContext, type Tracked } from '../context.ts';
import { inMask } from './base.ts';
import { inRange } from './transport.ts';

type Of<K extends XtMatch['kind']> = Extract<XtMatch, { kind: K }>;

export function ctStates(c: Tracked): readonly string[] {
  if (c.packet.untracked) return UNTRACKED;
  if (hasTemplate(c.packet)) return STATES.new.plain;
  const entry = entryOf(c);
  if (!entry || !c.packet.ct) return INVALID;
  const state = STATES[c.packet.ct.info];
  const { srcNat, dstNat } = entry;
  return state[srcNat && dstNat ? 'both' : srcNat ? 'SNAT' : dstNat ? 'DNAT' : 'plain'];
}

const UNTRACKED = ['UNTRACKED'] as const;
const INVALID = ['INVALID'] as const;
type Translated = 'plain' | 'SNAT' | 'DNAT' | 'both';
const states = (state: string): Readonly<Record<Translated, readonly string[]>> => ({
  plain: [state],
  SNAT: [state, 'SNAT'],
  DNAT: [state, 'DNAT'],
  both: [state, 'SNAT', 'DNAT'],
});
const STATES: Readonly<Record<CtRef['info'], ReturnType<typeof states>>> = {
  new: states('NEW'),
  established: states('ESTABLISHED'),
  related: states('RELATED'),
};

export function ctstate(m: Of<'ctstate'>, c: RuleContext): Answer {
  const states = ctStates(c);
  for (const state of m.states) if (states.includes(state)) return true;
  return false;
}

/** Without an entry only the state can be asked for; see BesideState in linux-net's matches.ts. */
const without = (m: { besideState: boolean; negate: boolean }): Answer | NotThere => (m.besideState ? !m.negate : null);

export function ctproto(m: Of<'ctproto'>, c: RuleContext): Answer | NotThere {
  const entry = entryOf(c);
  return entry ? entry.original.protocol === m.number : without(m);
}

/** NONE is no bit, and so never set (conntrack_mt). */
export function ctstatus(m: Of<'ctstatus'>, c: RuleContext): Answer | NotThere {
  const entry = entryOf(c);
  if (!entry) return without(m);
  return m.statuses.some((status) => {
    switch (status) {
      case 'SEEN_REPLY':
        return entry.seenReply;
      case 'CONFIRMED':
        return entry.confirmed;
      case 'ASSURED':
        return entry.assured;
      default:
        return false;
    }
  });
}

export const ctexpire = (m: Of<'ctexpire'>, c: RuleContext): Answer | NotThere =>
  entryOf(c) ? { unknown: `when the connection's entry expires (${m.range.from}:${m.range.to} s)` } : without(m);

export function ctaddress(m: Of<'ctaddress'>, c: RuleContext): Answer | NotThere {
  const entry = entryOf(c);
  if (!entry) return without(m);
  const tuple = m.tuple === 'orig' ? entry.original : entry.reply;
  return inMask(m.value, m.side === 'source' ? tuple.source : tuple.destination);
}

export function ctport(m: Of<'ctport'>, c: RuleContext): Answer | NotThere {
  const entry = entryOf(c);
  if (!entry) return without(m);
  const tuple = m.tuple === 'orig' ? entry.original : entry.reply;
  return inRange(m.range, m.side === 'source' ? tuple.sport : tuple.dport);
}

export const ctdir = (m: Of<'ctdir'>, c: RuleContext): Answer | NotThere =>
  c.packet.ct === null && !hasTemplate(c.packet)
    ? without(m)
    : (c.packet.ct?.direction !== 'reply') === (m.direction === 'ORIGINAL');

export const mark = (m: Of<'mark'>, c: RuleContext): Answer => (c.packet.mark & m.mask) >>> 0 === m.value >>> 0;

/** Without an entry it says no, negated or not (xt_connmark.c). */
export function connmark(m: Of<'connmark'>, c: RuleContext): Answer | NotThere {
  const entry = entryOf(c);
  return entry ? (entry.mark & m.mask) >>> 0 === m.value >>> 0 : null;
}
