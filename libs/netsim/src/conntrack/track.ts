/** nf_conntrack_in at its place in a hook: the packet gets its connection, or is dropped where the table has no room. */
import { formatIp } from '@netverdict/linux-net';
import type { At, HookResult } from '../netfilter/hook.ts';
import { ctStates } from '../netfilter/matches/connection.ts';
import { addedUp, isSeenWrong } from '../packet/checksum.ts';
import { isIcmpError, type Packet, TCP } from '../packet/packet.ts';
import { cite, citeAbsence } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { sysctl } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { collectedEntries } from './collected.ts';
import type { CtEntry, CtRef, Strictness } from './table.ts';
import { isNotTracked } from './tuple.ts';

export function track(at: At, packet: Packet): HookResult {
  const { walk, ns } = at;
  // Over loopback the packet keeps the reference that OUTPUT gave it; an error or RST has the one of what it answers.
  if (packet.untracked || packet.ct) return { ok: true, packet };
  if (isNotTracked(packet)) return { ok: true, packet: { ...withoutTemplate(packet), untracked: true } };
  if (!walk.conntrack.isSeeded(ns.key)) walk.conntrack.seed(ns.key, collectedEntries(ns));
  const full = tableFull(at, packet);
  if (full) return { ok: false, next: full };
  const unread = notRead(at, packet);
  if (unread) return { ok: false, next: unread };
  // Only of TCP there is anything to be strict about.
  const strict = packet.protocol === 6 ? strictness(walk, ns, packet) : undefined;
  const found = hasBadSum(at, packet) ? null : walk.conntrack.track(ns.key, packet, strict);
  const tracked = seen(walk, looksAtSums(at) ? addedUp(packet) : packet, found);
  const states = (): string => ctStates({ walk, ns, packet: tracked }).join(',');
  const read = tracked.ct && walk.conntrack.get(ns.key, tracked.ct.id)?.collected;
  if (read)
    walk.step(ns, () => ({
      kind: 'conntrack',
      text: `conntrack: ${states()}, by an entry that was there: ${read.text.trim()}`,
      action: 'pass',
      detail: { hook: at.hook, state: states(), existing: 'yes' },
      evidence: [cite(ns.net.state.conntrack, 'conntrack', read)],
    }));
  else if (hasRules(ns, packet))
    walk.step(ns, () => {
      const state = states();
      return { kind: 'conntrack', text: `conntrack: ${state}`, action: 'pass', detail: { hook: at.hook, state } };
    });
  return { ok: true, packet: tracked };
}

/** udp_error: looked at where packets come in. */
const looksAtSums = ({ ns, hook }: At): boolean =>
  hook === 'PREROUTING' && sysctl(ns, 'net/netfilter/nf_conntrack_checksum') !== 0;

const hasBadSum = (at: At, packet: Packet): boolean => looksAtSums(at) && isSeenWrong(packet);

/** Turned round, what conntrack knows it does not, and what is INVALID is not looked at. */
function seen(walk: Walk, packet: Packet, ref: CtRef | null): Packet {
  if (ref === null)
    return walk.sees('conntrack/invalid', true) ? withoutTemplate(packet) : { ...packet, untracked: true };
  return walk.sees(`conntrack/${ref.info}`, true) ? { ...packet, ct: ref } : packet;
}

/** What is INVALID or not tracked keeps no template of `CT` either (nf_conntrack_in): over loopback PREROUTING looks again, in no zone. */
function withoutTemplate(packet: Packet): Packet {
  if (packet.zone === 0 && !packet.template) return packet;
  const { zoneOf: _, template: __, ...rest } = packet;
  return { ...rest, zone: 0 };
}

function strictness(walk: Walk, ns: WorldNamespace, packet: Packet): Strictness {
  return {
    loose: () => walk.sees('conntrack/tcp-loose', sysctl(ns, 'net/netfilter/nf_conntrack_tcp_loose') !== 0),
    inWindow: (entry) => inWindow(walk, ns, entry, packet),
    aborted: (entry) => aborted(walk, ns, entry),
  };
}

/** tcp_in_window. A flow has no sequence numbers; but the ends of an open connection send what comes next, and who saw its handshake knows that. */
function inWindow(walk: Walk, ns: WorldNamespace, entry: CtEntry, { tcpFlags }: Packet): boolean {
  // A RST must not be older than what the other side has acknowledged, be the window taken liberally or not.
  const liberally = (tcpFlags & TCP.RST) === 0;
  if (liberally && (sysctl(ns, 'net/netfilter/nf_conntrack_tcp_be_liberal') ?? 0) > 0) return true;
  if (walk.flow.established && entry.assured) return true;
  const missing = ofConnection(
    ns,
    entry,
    `whether the packet's sequence number is in the window of the connection that conntrack knows is not known`,
    '不知道该数据包的序列号是否在连接跟踪所记录连接的窗口之内',
  );
  return walk.ask(ns, 'it is in the window', missing, `${walk.direction} ${ns.key} window ${entry.id}`);
}

/** The list of connections does not tell by whose RST one is in the state CLOSE (last_dir and last_index of struct ip_ct_tcp). */
function aborted(walk: Walk, ns: WorldNamespace, entry: CtEntry): boolean {
  const missing = ofConnection(
    ns,
    entry,
    'which side has reset the connection that conntrack knows is not known: only its opener opens it anew',
    '不知道连接跟踪所记录的连接由哪一方重置:只有发起方可以重新打开它',
  );
  return walk.ask(ns, 'its opener did', missing, `${walk.direction} ${ns.key} aborted ${entry.id}`);
}

const ofConnection = ({ key, node }: WorldNamespace, { collected }: CtEntry, text: string, zh: string) => ({
  kind: 'other' as const,
  place: key,
  node,
  text,
  zh,
  evidence: collected
    ? [{ section: null, kind: 'conntrack' as const, line: collected.line, text: collected.text }]
    : [],
});

/**
 * nf_conntrack_alloc drops the packet that would need a new entry, unless an entry that no answer has confirmed can be thrown
 * out (early_drop): which of both cannot be told from the counts.
 */
function tableFull({ walk, ns, hook }: At, packet: Packet): Next | null {
  const { conntrackTable } = ns.net.state;
  if (!conntrackTable.known || isIcmpError(packet)) return null;
  const { count, max } = conntrackTable.value;
  if (max <= 0 || count < max || walk.conntrack.knows(ns.key, packet)) return null;
  const missing = {
    kind: 'conntrack-full' as const,
    place: ns.key,
    node: ns.node,
    text: `the connection tracking table is full (${count} of ${max}): new connections are dropped unless an unanswered one makes room`,
    zh: `连接跟踪表已满(${count}/${max}):除非有未应答的条目可被替换,新连接会被丢弃`,
    evidence: [citeAbsence(conntrackTable, 'conntrack-table', `count ${count}, max ${max}`)],
  };
  return walk.ask(ns, `the table has room at ${hook}`, missing, `${walk.direction} ${ns.key} conntrack full`)
    ? null
    : walk.lost(ns, packet, missing);
}

function hasRules({ net }: WorldNamespace, packet: Packet): boolean {
  if (!net.nft.known || net.nft.value.tables.length > 0) return true;
  for (const ruleset of net.rulesets[packet.family]) if (!ruleset.known || ruleset.value.tables.size > 0) return true;
  return false;
}

/**
 * Of a node's connections only those between addresses of the question are read; a translation that the question does not know of
 * leads to others. Of a tunnel's own packets nothing is read.
 */
function notRead({ walk, ns, hook }: At, packet: Packet): Next | null {
  const asked = walk.world.trackedAddresses;
  if (asked === null || (asked.has(packet.source) && asked.has(packet.destination))) return null;
  if (isIcmpError(packet) || packet.payload !== null) return null;
  const { conntrackTable, conntrack } = ns.net.state;
  const others = conntrackTable.known ? conntrackTable.value.count - (conntrack.known ? conntrack.value.length : 0) : 0;
  if (others <= 0 || walk.conntrack.knows(ns.key, packet)) return null;
  const ends = `${formatIp(packet.source)} → ${formatIp(packet.destination)}`;
  const missing = {
    kind: 'other' as const,
    place: ns.key,
    node: ns.node,
    text: `whether connection tracking knows ${ends} already was not read: the question does not name these addresses`,
    zh: `未读取连接跟踪是否已记录 ${ends}：该问题未提及这些地址`,
    evidence: [citeAbsence(conntrackTable, 'conntrack-table', `${others} connections that were not read`)],
  };
  return walk.ask(ns, `it does not at ${hook}`, missing, `${walk.direction} ${ns.key} not read`)
    ? null
    : walk.unknown(ns, packet, missing);
}
