/** What rates and lists decide: answered where a first packet of a new client settles it. */
import { formatIp, type IpAddress, type Ipv4, type Ipv6, parseIp, type XtMatch } from '@netverdict/linux-net';
import type { Answer, RuleContext } from '../context.ts';

type Of<K extends XtMatch['kind']> = Extract<XtMatch, { kind: K }>;

/**
 * The verdict speaks of new connections by a client that the list does not hold yet: only what this very packet
 * stored (`--set`) is in it. That is the case that session affinity leaves open; later connections follow it.
 */
export function recent(m: Of<'recent'>, c: RuleContext): Answer {
  const address = m.side === 'source' ? c.packet.source : c.packet.destination;
  const name = `${c.ns.key} ${m.name} `;
  const named = `${name}${m.mask === FULL4 || m.mask === FULL6 ? '' : (m.mask ?? '')} `;
  const key = named + formatIp(masked(address, m.mask));
  const list = c.walk.recent;
  // A list has one mask, that of whichever rule made it (recent_mt_check), and no dump tells that.
  const isOfAnother = (other: string): boolean => other.startsWith(name) && !other.startsWith(named);
  if (m.mode !== 'set' && [...list.keys()].some(isOfAnother)) return { unknown: `the mask of the list ${m.name}` };
  const hits = list.get(key) ?? 0;
  switch (m.mode) {
    case 'set':
      list.set(key, hits + 1);
      return true;
    case 'remove':
      return list.delete(key);
    default: {
      // `--rttl` compares with the TTL that was stored, in this run the same packet's.
      const found = hits > 0 && hits >= (m.hitcount ?? 0);
      if (m.mode === 'update' && found !== m.negate && hits > 0) list.set(key, hits + 1);
      return found;
    }
  }
}

/** `--mask` as it is printed; the full one where the rule has none. */
function masked(address: IpAddress, text: string | null): IpAddress {
  if (text === null || text === FULL4 || text === FULL6) return address;
  const mask = parseIp(text);
  if (!mask.ok) return address;
  if (typeof address === 'number' && typeof mask.value === 'number') return ((address & mask.value) >>> 0) as Ipv4;
  if (typeof address === 'bigint' && typeof mask.value === 'bigint') return (address & mask.value) as Ipv6;
  return address;
}
const FULL4 = '255.255.255.255';
const FULL6 = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';

export const limit = (m: Of<'limit'>, _c: RuleContext): Answer => ({ unknown: `whether the rate is below ${m.rate}` });

/** After `-j SET` the packet's own run has changed the set: what is in it then is not followed. */
export const changed =
  (inSet: (m: Of<'set'>, c: RuleContext) => Answer) =>
  (m: Of<'set'>, c: RuleContext): Answer => {
    const { changedSets } = c.walk;
    if (changedSets.size > 0 && (changedSets.has(`${c.ns.key} ${m.set}`) || isList(m.set, c)))
      return { unknown: `the members of set ${m.set}, which a rule before has changed` };
    return inSet(m, c);
  };

/** A list may hold the set that was changed. */
function isList(name: string, c: RuleContext): boolean {
  const { ipsets } = c.ns.net.state;
  return ipsets.known && ipsets.value.some((set) => set.name === name && set.type === 'list:set');
}
