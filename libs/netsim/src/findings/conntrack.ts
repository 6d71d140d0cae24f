/** Findings of connection tracking: packets that belong to no connection, and an old entry that sends new packets to nobody. */
import { type ConntrackEntry, formatIp, type NetnsState, type NftRule, type XtRule } from '@netverdict/linux-net';
import type { Direction } from '@netverdict/verdict';
import { evaluate } from '../evaluate.ts';
import { innermost, protocolName } from '../packet/packet.ts';
import { cite } from '../trace/evidence.ts';
import type { WorldNamespace } from '../world/world.ts';
import { change, type Derived, nameOf, onPlace, type Patched, type Situation } from './finding.ts';

export const asksForInvalid = (rule: XtRule): boolean =>
  rule.matches.some((m) => m.kind === 'ctstate' && m.states.includes('INVALID') !== m.negate);

export const asksForState = (rule: NftRule): boolean =>
  rule.expressions.some((e) => e.kind === 'ct' && e.key === 'state');

/**
 * A rule that drops what belongs to no connection. Where the host never saw what goes the other way, that is why; else it has
 * forgotten the connection, or the packet never was in one.
 */
export function invalidPacket(
  s: Situation,
  asked: boolean,
  params: Derived['params'],
): Pick<Derived, 'code' | 'params'> | null {
  const { packet, direction } = s.stop;
  if (!asked || packet.ct !== null || packet.untracked) return null;
  const answered = s.branch.hops.some((hop) => hop.direction === 'reply');
  const other = direction === 'reply' ? 'forward' : 'reply';
  if (!answered || tracked(s, other).includes(s.stop.place ?? '')) return { code: 'NV-CONNTRACK-INVALID', params };
  const names = (way: Direction): string =>
    tracked(s, way)
      .map((key) => nameOf(s.world.namespaces.get(key)))
      .join(', ') || '–';
  return { code: 'NV-PATH-ASYMMETRIC', params: { ...params, there: names('forward'), back: names('reply') } };
}

/** Where the packet came to conntrack on its way there, or the answer on its way back. What is only bridged does not. */
const tracked = (s: Situation, direction: Direction): readonly string[] => [
  ...new Set(
    s.branch.hops
      .filter((hop) => hop.direction === direction && hop.steps.some((step) => step.kind === 'conntrack'))
      .map((hop) => hop.place),
  ),
];

/** Why an end of the way may be the old entry's doing rather than its own. */
const ENDS: readonly Situation['cause']['kind'][] = [
  'neighbour',
  'frame-lost',
  'no-listener',
  'no-route',
  'route-error',
  'outside-no-route',
  'link-down',
];

/**
 * A connection's translation is fixed when it begins: a client that keeps its port (DNS, SIP, a busy UDP sender) keeps being
 * sent to a backend that is long gone. It is that if, without the entry, the packet would go elsewhere.
 */
export function staleEntry(s: Situation): Derived | null {
  if (!ENDS.includes(s.cause.kind) || s.stop.direction !== 'forward') return null;
  const packet = innermost(s.stop.packet);
  for (const hop of s.branch.hops) {
    const ns = s.world.namespaces.get(hop.place);
    const { conntrack } = ns?.net.state ?? {};
    if (!ns || !conntrack?.known) continue;
    const entry = conntrack.value.find(
      (e) =>
        e.protocol === packet.protocol &&
        e.reply.source === packet.destination &&
        e.reply.sport === packet.dport &&
        e.original.sport === packet.sport &&
        (e.original.destination !== e.reply.source || e.original.dport !== e.reply.sport) &&
        formatIp(e.original.destination) === s.flow.destination.address,
    );
    if (!entry) continue;
    const patch = forget(ns, entry);
    if (patch && leadsElsewhere(s, patch)) return stale(s, ns, entry, patch);
  }
  return null;
}

function leadsElsewhere(s: Situation, patch: (before: Patched) => Patched): boolean {
  const after = patch({ world: s.world, flow: s.flow });
  const to = innermost(s.stop.packet);
  return !evaluate(after.world, after.flow).branches.some((b) => {
    const end = b.stop && innermost(b.stop.packet);
    return end?.destination === to.destination && end.dport === to.dport;
  });
}

const forget = (ns: WorldNamespace, entry: ConntrackEntry): Derived['patch'] =>
  change(ns, (state: NetnsState) =>
    state.conntrack.known
      ? { ...state, conntrack: { ...state.conntrack, value: state.conntrack.value.filter((e) => e !== entry) } }
      : state,
  );

function stale(s: Situation, ns: WorldNamespace, entry: ConntrackEntry, patch: Derived['patch']): Derived {
  const { original, reply, protocol } = entry;
  const name = protocolName(protocol);
  const ports = original.sport === null ? '' : ` --sport ${original.sport} --dport ${original.dport}`;
  const end = (port: number | null): string => (port === null ? '' : `:${port}`);
  return {
    code: 'NV-CONNTRACK-STALE',
    params: {
      where: nameOf(ns),
      asked: `${formatIp(original.destination)}${end(original.dport)}`,
      address: `${formatIp(reply.source)}${end(reply.sport)}`,
    },
    at: ns,
    evidence: [...s.stop.evidence, cite(ns.net.state.conntrack, 'conntrack', entry)],
    remedy: {
      command: `conntrack -D -p ${name} -s ${formatIp(original.source)} -d ${formatIp(original.destination)}${ports}`,
      on: onPlace(ns),
      en: 'Deletes this one entry: the next packet is translated by the rules as they are now.',
      zh: '只删除这一条记录:下一个数据包将按当前规则进行转换。',
    },
    patch,
  };
}

export function natClash(s: Situation<'nat-clash'>): Derived {
  const { translated, to, entry } = s.cause;
  return {
    code: 'NV-NAT-CLASH',
    params: { where: nameOf(s.ns), translated, to },
    remedy: {
      command: null,
      on: onPlace(s.ns),
      en: 'Give the rule that sets the source a range of ports (--to-source ADDRESS:1024-65535) or none, or a second address: the kernel then takes a free one for each connection.',
      zh: '请让设置源地址的规则使用端口范围(--to-source 地址:1024-65535)、不指定端口,或增加一个地址:内核会为每条连接选用空闲的端口。',
    },
    patch: entry && s.ns ? forget(s.ns, entry) : null,
  };
}
