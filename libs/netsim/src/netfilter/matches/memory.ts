/** What rates, lists and processes decide: answered where a first packet of a new client settles it. */
import { formatIp, type XtMatch } from '@netverdict/linux-net';
import type { Answer, RuleContext } from '../context.ts';

type Of<K extends XtMatch['kind']> = Extract<XtMatch, { kind: K }>;

/**
 * The verdict speaks of new connections by a client that the list does not hold yet: only what this very packet
 * stored (`--set`) is in it. That is the case that session affinity leaves open; later connections follow it.
 */
export function recent(m: Of<'recent'>, c: RuleContext): Answer {
  const key = `${c.ns.key} ${m.name} ${formatIp(m.side === 'source' ? c.packet.source : c.packet.destination)}`;
  switch (m.mode) {
    case 'set':
      c.walk.recent.add(key);
      return true;
    case 'remove':
      return c.walk.recent.delete(key);
    default:
      return c.walk.recent.has(key) && (m.hitcount ?? 0) <= 1;
  }
}

export const limit = (m: Of<'limit'>, _c: RuleContext): Answer => ({ unknown: `whether the rate is below ${m.rate}` });

export function owner(m: Of<'owner'>, c: RuleContext): Answer {
  // Only locally made packets have an owner; elsewhere the match is refused when the rule is added.
  if (c.hook !== 'OUTPUT' && c.hook !== 'POSTROUTING') return false;
  if (m.what === 'socket-exists') return c.iif === null && c.packet.payload === null;
  return { unknown: `the ${m.what} of the sending process` };
}

export const socket = (_m: Of<'socket'>, _c: RuleContext): Answer => ({
  unknown: 'whether a local socket belongs to the packet',
});
