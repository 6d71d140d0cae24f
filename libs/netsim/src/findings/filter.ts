/** Findings of firewall rules. */
import { formatIp } from '@netverdict/linux-net';
import { type CompiledRuleset, toolOf } from '../netfilter/ruleset.ts';
import { innermost, TCP } from '../packet/packet.ts';
import { asksForInvalid, invalidPacket } from './conntrack.ts';
import { editChain, editRuleset } from './edit.ts';
import { change, type Derived, nameOf, onPlace, type Situation } from './finding.ts';
import { routeDrift } from './route.ts';
import { deleteCommand, onlyByNumber, withoutRule } from './rule-command.ts';
import { bySet } from './set.ts';
import { shadowed } from './shadow.ts';

export function ruleDrop(s: Situation<'rule-drop' | 'rule-reject'>): Derived {
  const { cause, ns } = s;
  const { ruleset, table, chain, rule } = cause;
  const endpoints = /^(\S+?)(?::\S+)? has no (?:local )?endpoints/.exec(rule.comment ?? '');
  if (endpoints?.[1]) return noEndpoints(s, endpoints[1]);
  const detour = s.stop.packet.tcpFlags === TCP.ACK ? detourOf(s) : null;
  if (detour) return detour;
  const tool = toolOf(ruleset);
  const also = onlyByNumber(rule) ? byNumber(rule.number) : sameRules(ruleset, table, chain, rule.text);
  const params = { where: nameOf(ns), rule: rule.number, chain, table, tool };
  const drop = cause.kind === 'rule-drop';
  const named = shadowed(s) ?? bySet(s, params);
  if (named) return named;
  return {
    ...(invalidPacket(s, asksForInvalid(rule), params) ??
      (drop && rule.matches.some((m) => m.kind === 'rpfilter')
        ? { code: 'NV-FILTER-RPFILTER', params: { ...params, address: formatIp(s.stop.packet.source) } }
        : {
            code: drop ? 'NV-FILTER-DROP' : 'NV-FILTER-REJECT',
            params: drop ? params : { ...params, with: cause.kind === 'rule-reject' ? cause.with : '' },
          })),
    remedy: {
      command: deleteCommand(ruleset, table, chain, rule),
      on: onPlace(ns),
      en: `Deletes this one rule (${rule.text}); everything else that it met is let through too.${also.en}`,
      zh: `只删除这一条规则(${rule.text});它原来拦截的其他流量也会被放行。${also.zh}`,
    },
    patch: change(ns, (state) =>
      editRuleset(state, ruleset, (source) =>
        editChain(source, table, chain, (c) => ({ ...c, rules: withoutRule(c.rules, rule) })),
      ),
    ),
  };
}

function sameRules(ruleset: CompiledRuleset, table: string, chain: string, text: string): { en: string; zh: string } {
  const { chains } = ruleset.source.tables.find((t) => t.name === table) ?? { chains: [] };
  const same = chains.find((c) => c.name === chain)?.rules.filter((r) => r.text === text).length ?? 1;
  return same < 2
    ? { en: '', zh: '' }
    : {
        en: ` The chain holds the same rule ${same} times: each run deletes the first of them.`,
        zh: `链中有 ${same} 条相同的规则,每执行一次删除其中第一条。`,
      };
}

const byNumber = (number: number): { en: string; zh: string } => ({
  en: ` By its number, since iptables does not find a rule with “recent” by its text: make sure that it is number ${number} still.`,
  zh: `由于 iptables 无法按内容找到带 recent 的规则,这里按编号删除:请先确认它仍是第 ${number} 条。`,
});

/** The handshake's last packet is dropped as INVALID where its answer did not pass: the route that leads there is to blame. */
function detourOf(s: Situation<'rule-drop' | 'rule-reject'>): Derived | null {
  for (const hop of s.branch.hops) {
    const ns = s.world.namespaces.get(hop.place);
    const drift = ns?.kind === 'host' ? routeDrift(s.world, ns, innermost(s.stop.packet).destination) : null;
    if (drift) return drift;
  }
  return null;
}

function noEndpoints(s: Situation<'rule-drop' | 'rule-reject'>, service: string): Derived {
  return {
    code: 'NV-SERVICE-NO-ENDPOINTS',
    params: { service, where: nameOf(s.ns), address: formatIp(s.stop.packet.destination) },
    remedy: {
      command: null,
      on: null,
      en: `Compare the selector of Service ${service} with the labels of its pods, and see whether the pods are ready. The rule itself is right and goes away once there is an endpoint.`,
      zh: `请核对 Service ${service} 的 selector 与 Pod 的标签是否一致,以及 Pod 是否就绪。这条规则本身没有错,有了后端后会自动消失。`,
    },
    patch: null,
  };
}

export function policyDrop(s: Situation<'policy-drop'>): Derived {
  const { cause, ns } = s;
  const { ruleset, table, chain } = cause;
  const tool = toolOf(ruleset);
  return {
    code: 'NV-FILTER-POLICY-DROP',
    params: { where: nameOf(ns), chain, table, tool },
    remedy: {
      command: `${tool} -t ${table} -P ${chain} ACCEPT`,
      on: onPlace(ns),
      en: `Lets through whatever no rule of ${chain} decides, for all traffic. A narrower way is a rule that accepts the pods' addresses, as the network plugin writes one.`,
      zh: `放行 ${chain} 链中没有规则处理的所有流量。更精确的做法是添加一条只放行 Pod 网段的规则(网络插件通常会写入这样的规则)。`,
    },
    patch: change(ns, (state) =>
      editRuleset(state, ruleset, (source) => editChain(source, table, chain, (c) => ({ ...c, policy: 'ACCEPT' }))),
    ),
  };
}
