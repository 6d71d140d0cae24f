/** A rule that drops by what an IP set lists, or does not list. */
import {
  formatIp,
  formatPrefix,
  type IpAddress,
  type IpSet,
  type IpSetMember,
  prefixContains,
  type XtMatch,
} from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import { change, type Derived, nameOf, onPlace, type Situation } from './finding.ts';

type SetMatch = Extract<XtMatch, { kind: 'set' }>;
type Members = Extract<IpSet, { kind: 'members' }>;
const SIMPLE: readonly Members['type'][] = ['hash:ip', 'hash:net'];

/** Sets of addresses and networks, one direction: of others the rule is named, as of any rule. */
export function bySet(s: Situation<'rule-drop' | 'rule-reject'>, params: Derived['params']): Derived | null {
  const { cause, ns, stop } = s;
  const { ipsets } = ns?.net.state ?? {};
  const asked = cause.rule.matches.filter((m): m is SetMatch => m.kind === 'set');
  const match = asked.find((m) => !m.negate) ?? asked[0];
  if (!ns || !match || !ipsets?.known) return null;
  const set = ipsets.value.find((x): x is Members => x.kind === 'members' && x.name === match.set);
  if (!set || !SIMPLE.includes(set.type) || set.options.mask !== null || match.options.length > 0) return null;
  const [side] = match.directions;
  const address = addressOf(stop.packet, side ?? 'src');
  const listed = set.members.find((m) => !m.nomatch && holds(m, address));
  const text = formatIp(address);
  const name = nameOf(ns);
  const common = { ...params, set: set.name, address: text };
  if (match.negate)
    return {
      code: 'NV-SET-LACKS',
      params: common,
      remedy: {
        command: `ipset add ${set.name} ${text}`,
        on: onPlace(ns),
        en: `Adds ${text} to the set. What keeps the set (a network policy's agent, a script) ought to have done so: it may take it out again.`,
        zh: `把 ${text} 加入集合。维护该集合的组件(例如网络策略代理或脚本)本应加入它,也可能再次移除。`,
      },
      patch: edit(s, set, (members) => [...members, member(address)]),
    };
  if (!listed) return null;
  const [part] = listed.parts;
  const entry = part?.kind === 'prefix' ? short(formatPrefix(part.prefix)) : text;
  return {
    code: 'NV-SET-LISTS',
    params: { ...common, entry },
    remedy: {
      command: `ipset del ${set.name} ${entry}`,
      on: onPlace(ns),
      en: `Takes ${entry} out of the set on ${name}, for all rules that ask it. Who put it there (a ban list such as fail2ban's, a policy) may do it again.`,
      zh: `在 ${name} 上把 ${entry} 从集合中移除,对所有使用该集合的规则生效。写入者(例如 fail2ban 等封禁列表或策略)可能会再次加入。`,
    },
    patch: edit(s, set, (members) => members.filter((m) => m !== listed)),
  };
}

const addressOf = (packet: Packet, side: 'src' | 'dst'): IpAddress =>
  side === 'src' ? packet.source : packet.destination;
const holds = ({ parts: [part] }: IpSetMember, address: IpAddress): boolean =>
  part?.kind === 'prefix' && prefixContains(part.prefix, address);
const short = (prefix: string): string => prefix.replace(/\/(?:32|128)$/, '');

const member = (address: IpAddress): IpSetMember => ({
  parts: [
    {
      kind: 'prefix',
      prefix:
        typeof address === 'number'
          ? { family: 'ipv4', address, length: 32 }
          : { family: 'ipv6', address, length: 128 },
    },
  ],
  nomatch: false,
  timeoutSeconds: null,
  line: 0,
});

const edit = (
  { ns }: Situation,
  set: Members,
  members: (before: readonly IpSetMember[]) => readonly IpSetMember[],
): Derived['patch'] =>
  change(ns, (state) =>
    state.ipsets.known
      ? {
          ...state,
          ipsets: {
            ...state.ipsets,
            value: state.ipsets.value.map((x) =>
              x.name === set.name && x.kind === 'members' ? { ...x, members: members(x.members) } : x,
            ),
          },
        }
      : state,
  );
