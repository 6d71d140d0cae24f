/** Findings of packets that routing does not take: refused by a policy rule, from an address that is not there, at the end of their hops. */
import { formatIp, formatPrefix, type Rule } from '@netverdict/linux-net';
import { innermost } from '../packet/packet.ts';
import type { WorldNamespace } from '../world/world.ts';
import { change, type Derived, nameOf, onPlace, type Situation } from './finding.ts';

export function policyRuleRefuses(s: Situation, type: string): Derived {
  const { ns, stop } = s;
  const part = ns?.net.state[stop.packet.family === 'ipv4' ? 'rules4' : 'rules6'];
  const rule = part?.known
    ? part.value.find(
        (r) =>
          r.action.kind === type && stop.evidence.some((e) => e.line === r.evidence.line && e.text === r.evidence.text),
      )
    : undefined;
  return {
    code: 'NV-POLICY-RULE-REFUSES',
    params: { where: nameOf(ns), type, address: formatIp(stop.packet.destination), rule: rule?.priority ?? '?' },
    remedy: {
      command: ns && rule ? deleteRule(rule) : null,
      on: onPlace(ns),
      en: 'Deletes the policy rule (ip rule). Somebody put it there on purpose: find out why first.',
      zh: '删除这条策略路由规则(ip rule)。它是被有意添加的:请先弄清原因。',
    },
    patch: ns && rule ? withoutRule(ns, rule) : null,
  };
}

const withoutRule = (ns: WorldNamespace, gone: Rule): Derived['patch'] =>
  change(ns, (state) => {
    const key = gone.family === 'ipv4' ? 'rules4' : 'rules6';
    const part = state[key];
    return part.known ? { ...state, [key]: { ...part, value: part.value.filter((r) => r !== gone) } } : state;
  });

/** All that tells it from others of the same priority: the kernel deletes the first rule that has what is given (fib_nl_delrule). */
function deleteRule(rule: Rule): string {
  const hex = (n: number): string => `0x${n.toString(16)}`;
  const range = ({ from, to }: { from: number; to: number }): string => (from === to ? `${from}` : `${from}-${to}`);
  const words = [
    rule.invert ? 'not' : '',
    rule.from ? `from ${formatPrefix(rule.from)}` : '',
    rule.to ? `to ${formatPrefix(rule.to)}` : '',
    rule.iif === null ? '' : `iif ${rule.iif}`,
    rule.oif === null ? '' : `oif ${rule.oif}`,
    rule.fwmark ? `fwmark ${hex(rule.fwmark.value)}/${hex(rule.fwmark.mask)}` : '',
    rule.tos ? `tos ${hex(rule.tos)}` : '',
    rule.ipproto === null ? '' : `ipproto ${rule.ipproto}`,
    rule.sport ? `sport ${range(rule.sport)}` : '',
    rule.dport ? `dport ${range(rule.dport)}` : '',
    rule.uidrange ? `uidrange ${rule.uidrange.from}-${rule.uidrange.to}` : '',
    `priority ${rule.priority}`,
    rule.action.kind,
  ];
  return `${rule.family === 'ipv4' ? 'ip' : 'ip -6'} rule del ${words.filter((word) => word !== '').join(' ')}`;
}

/** EADDRNOTAVAIL: of bind(), or of connect() where IPv6 finds no address to send with. */
export function sourceNotAvailable(s: Situation): Derived {
  const { ns, flow, stop } = s;
  const given = flow.source.kind === 'namespace' ? flow.source.address : null;
  const why =
    given === null
      ? { en: 'it has no address of its own that it could send from', zh: '它没有可用作源地址的自有地址' }
      : { en: `${given} is not one of its addresses`, zh: `${given} 不是它的地址` };
  return {
    code: 'NV-SOURCE-NOT-AVAILABLE',
    params: { where: nameOf(ns), address: formatIp(stop.packet.destination), why: why.en, whyZh: why.zh },
    remedy: {
      command: null,
      on: onPlace(ns),
      en:
        given === null
          ? 'Give the host an address that is valid for such destinations (a global one for global ones).'
          : 'Let the kernel choose the source, or give the host this address.',
      zh:
        given === null
          ? '请为主机配置适用于该目的地的地址(全局目的地需要全局地址)。'
          : '让内核选择源地址,或为主机配置该地址。',
    },
    patch:
      flow.source.kind === 'namespace' && given !== null
        ? (before) => ({
            ...before,
            flow: { ...before.flow, source: { ...flow.source, address: null } as typeof flow.source },
          })
        : null,
  };
}

export function toEverybody({ ns, stop, cause }: Situation<'to-everybody'>): Derived {
  const tcp = cause.errno === 'ENETUNREACH';
  return {
    code: 'NV-BROADCAST-REFUSED',
    params: {
      where: nameOf(ns),
      address: formatIp(stop.packet.destination),
      why: tcp ? 'TCP needs one receiver' : 'its program has to ask for that (SO_BROADCAST)',
      whyZh: tcp ? 'TCP 只能有一个接收方' : '程序必须先为此设置 SO_BROADCAST',
    },
    remedy: {
      command: null,
      on: onPlace(ns),
      en: 'Send to the address of one host. Where everybody is meant: UDP, and a program that sets SO_BROADCAST (ping: option -b).',
      zh: '请发往某一台主机的地址。若确实要发给所有主机:使用 UDP,并让程序设置 SO_BROADCAST(ping 用选项 -b)。',
    },
    patch: null,
  };
}

const USUAL_TTL = 64;

export function ttlExpired(s: Situation<'loop' | 'ttl-expired'>): Derived {
  const { ns, flow, stop } = s;
  const sent = flow.ttl ?? USUAL_TTL;
  return {
    code: 'NV-TTL-EXPIRED',
    params: { where: nameOf(ns), address: formatIp(innermost(stop.packet).destination) },
    remedy: {
      command: null,
      on: null,
      en:
        sent < USUAL_TTL
          ? `The sender gives its packets ${sent} hops only: raise that (IP_TTL of the program, net.ipv4.ip_default_ttl).`
          : 'A rule on the way sets the number of hops (target TTL or HL): find it in table mangle of the hosts in the trace.',
      zh:
        sent < USUAL_TTL
          ? `发送方只给数据包 ${sent} 跳:请调大(程序的 IP_TTL,或 net.ipv4.ip_default_ttl)。`
          : '路径上有规则设置了跳数(TTL 或 HL 目标):请在路径中各主机的 mangle 表中查找。',
    },
    patch: sent < USUAL_TTL ? (before) => ({ ...before, flow: { ...before.flow, ttl: USUAL_TTL } }) : null,
  };
}
