/** What a rule asks of a connection's accounts: cluster, connbytes, connlabel, connlimit, helper. */
import type { IpAddress, XtMatch } from '@netverdict/linux-net';
import { hasTemplate } from '../../conntrack/template.ts';
import { jhash, reciprocalScale } from '../../hash/jhash.ts';
import type { Answer, NotThere, RuleContext } from '../context.ts';
import { entryOf } from '../context.ts';

type Of<K extends XtMatch['kind']> = Extract<XtMatch, { kind: K }>;

/**
 * The kernel hashes addresses as they lie in memory: taken for little-endian, as all machines that run clusters are. Of an IPv6
 * address it takes the first 32 bits alone: NF_CT_TUPLE_L3SIZE counts words, and is divided by the size of one once more.
 */
const firstWord = (address: IpAddress): number => swap(typeof address === 'number' ? address : Number(address >> 96n));
const swap = (w: number): number => ((w >>> 24) | ((w >>> 8) & 0xff00) | ((w << 8) & 0xff0000) | (w << 24)) >>> 0;

/** xt_cluster_hash: of the connection's original source. */
export function cluster(m: Of<'cluster'>, c: RuleContext): Answer | NotThere {
  const entry = entryOf(c);
  if (!entry) return null;
  const node = reciprocalScale(jhash([firstWord(entry.original.source)], m.seed), m.total);
  return ((1 << node) & m.nodemask) !== 0;
}

/** connbytes_mt: without accounts it says no, negated or not. Conntrack has counted this packet already. */
export function connbytes(m: Of<'connbytes'>, c: RuleContext): Answer | NotThere {
  const entry = entryOf(c);
  if (!entry || hasTemplate(c.packet)) return null;
  if (!entry.carried) return { unknown: 'how much the connection has carried' };
  const { original, reply } = entry.carried;
  const asked = m.direction === 'both' ? [original, reply] : [m.direction === 'original' ? original : reply];
  const packets = asked.reduce((sum, count) => sum + count.packets, 0);
  const bytes = asked.reduce((sum, count) => sum + count.bytes, 0);
  const what =
    m.mode === 'packets' ? packets : m.mode === 'bytes' ? bytes : packets === 0 ? 0 : Math.floor(bytes / packets);
  return what >= m.from && (m.to === null || what <= m.to);
}

/** Labels by name stand in connlabel.conf of the machine; a number is the bit itself. */
export function connlabel(m: Of<'connlabel'>, c: RuleContext): Answer {
  const entry = entryOf(c);
  if (!entry) return false;
  if (!/^\d+$/.test(m.label)) return { unknown: `the number of the connection label ${m.label}` };
  if (entry.labels === null) return { unknown: "the connection's labels" };
  const bit = 1n << BigInt(m.label);
  if ((entry.labels & bit) !== 0n) return true;
  if (!m.set) return false;
  c.walk.conntrack.update(c.ns.key, entry.id, { labels: entry.labels | bit });
  return true;
}

/** This connection counts, too: so there is always one. Of others nothing was collected. */
export function connlimit(m: Of<'connlimit'>, _c: RuleContext): Answer {
  if (m.limit === 0) return true;
  return { unknown: `how many connections there are already (connlimit ${m.limit})` };
}

/** helper_mt: only a connection that another one's helper expected has a master to ask for, and none is expected in a run. */
export function helper(m: Of<'helper'>, c: RuleContext): Answer {
  if (entryOf(c)?.collected?.expected) return { unknown: `the conntrack helper ${m.name} of the connection` };
  return false;
}
