/** Findings of rules of native nftables. Commands name a rule by its handle, which stays when others come and go. */
import { formatIp, type NftChain, type NftRuleset, type NftTable } from '@netverdict/linux-net';
import type { NftPlace } from '../walk/stop.ts';
import { asksForState, invalidPacket } from './conntrack.ts';
import { change, type Derived, nameOf, onPlace, type Situation } from './finding.ts';

const TOOL = 'nft';
const tableName = ({ table }: NftPlace): string => `${table.family} ${table.name}`;

export function ruleDrop(s: Situation<'nft-drop' | 'nft-reject'>): Derived {
  const { cause, ns } = s;
  const { table, chain, rule } = cause;
  const params = { where: nameOf(ns), rule: rule.position, chain, table: tableName(cause), tool: TOOL };
  const drop = cause.kind === 'nft-drop';
  return {
    ...(invalidPacket(s, asksForState(rule), params) ??
      (drop && rule.expressions.some((e) => e.kind === 'fib' && e.flags.includes('saddr'))
        ? { code: 'NV-FILTER-RPFILTER', params: { ...params, address: formatIp(s.stop.packet.source) } }
        : {
            code: drop ? 'NV-FILTER-DROP' : 'NV-FILTER-REJECT',
            params: drop ? params : { ...params, with: cause.kind === 'nft-reject' ? cause.with : '' },
          })),
    remedy: {
      command: `nft delete rule ${table.family} ${quoted(table.name)} ${quoted(chain)} handle ${rule.handle}`,
      on: onPlace(ns),
      en: `Deletes this one rule (${rule.evidence.text}); everything else that it met is let through too.`,
      zh: `只删除这一条规则(${rule.evidence.text});它原来拦截的其他流量也会被放行。`,
    },
    patch: editChain(s, chain, (c) => ({ ...c, rules: withoutRule(c.rules, rule.handle) })),
  };
}

export function policyDrop(s: Situation<'nft-policy-drop'>): Derived {
  const { cause, ns } = s;
  const { table, chain } = cause;
  return {
    code: 'NV-FILTER-POLICY-DROP',
    params: { where: nameOf(ns), chain, table: tableName(cause), tool: TOOL },
    remedy: {
      command: `nft add chain ${table.family} ${quoted(table.name)} ${quoted(chain)} '{ policy accept ; }'`,
      on: onPlace(ns),
      en: `Lets through whatever no rule of ${chain} decides, for all traffic. A narrower way is a rule that accepts the addresses in question.`,
      zh: `放行 ${chain} 链中没有规则处理的所有流量。更精确的做法是添加一条只放行相关地址的规则。`,
    },
    patch: editChain(s, chain, (c) => ({ ...c, base: c.base && { ...c.base, policy: 'accept' } })),
  };
}

/** Names with other characters than nft's identifiers have (kube-proxy's chains) stand in quotes that the shell leaves. */
const quoted = (name: string): string => (/^[A-Za-z_][\w/.-]*$/.test(name) ? name : `'"${name}"'`);

/** The positions behind it move up. */
const withoutRule = (rules: NftChain['rules'], handle: number): NftChain['rules'] =>
  rules.filter((r) => r.handle !== handle).map((r, i) => ({ ...r, position: i + 1 }));

function editChain(
  { cause, ns }: Pick<Situation<'nft-drop' | 'nft-reject' | 'nft-policy-drop'>, 'cause' | 'ns'>,
  name: string,
  edit: (chain: NftChain) => NftChain,
): Derived['patch'] {
  const { table } = cause;
  const inTable = (t: NftTable): NftTable =>
    t.family === table.family && t.name === table.name
      ? { ...t, chains: t.chains.map((c) => (c.name === name ? edit(c) : c)) }
      : t;
  const inRuleset = (r: NftRuleset): NftRuleset => ({ ...r, tables: r.tables.map(inTable) });
  return change(ns, (state) =>
    state.nftables.known
      ? { ...state, nftables: { ...state.nftables, value: inRuleset(state.nftables.value) } }
      : state,
  );
}
