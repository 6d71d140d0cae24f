/**
 * The registry of finding codes. Codes are stable: they are never renamed or reused.
 * Every code has a page in docs/findings/ (a test compares the two) and a test that injects its fault.
 * `params` are the names that `text` uses.
 */
import type { Severity } from './finding.ts';

interface CodeEntry {
  readonly severity: Severity;
  /** One line, for lists. */
  readonly title: { readonly en: string; readonly zh: string };
  /** A sentence for a reader who has never heard of netfilter; `{name}` is replaced from the finding's params. */
  readonly text: { readonly en: string; readonly zh: string };
  readonly params: readonly string[];
}

export const FINDING_CODES = {
  'NV-FILTER-DROP': {
    severity: 'blocking',
    title: { en: 'A firewall rule drops the packets', zh: '防火墙规则丢弃了数据包' },
    text: {
      en: '{where} throws the packets away: rule {rule} of chain {chain} ({tool}, table {table}).',
      zh: '{where} 上的一条防火墙规则丢弃了数据包({tool} {table} 表 {chain} 链第 {rule} 条)。',
    },
    params: ['where', 'rule', 'chain', 'table', 'tool'],
  },
  'NV-FILTER-POLICY-DROP': {
    severity: 'blocking',
    title: { en: 'A chain drops whatever no rule allows', zh: '链的默认策略丢弃了数据包' },
    text: {
      en: '{where} throws the packets away: no rule of chain {chain} ({tool}, table {table}) allows them, and its policy is DROP.',
      zh: '{where} 丢弃了数据包:{tool} {table} 表 {chain} 链中没有规则放行它们,而该链的默认策略是 DROP。',
    },
    params: ['where', 'chain', 'table', 'tool'],
  },
  'NV-FILTER-REJECT': {
    severity: 'blocking',
    title: { en: 'A firewall rule rejects the packets', zh: '防火墙规则拒绝了数据包' },
    text: {
      en: '{where} rejects the packets with {with}: rule {rule} of chain {chain} ({tool}, table {table}).',
      zh: '{where} 上的一条规则以 {with} 拒绝了数据包({tool} {table} 表 {chain} 链第 {rule} 条)。',
    },
    params: ['where', 'rule', 'chain', 'table', 'tool', 'with'],
  },
} as const satisfies Record<`NV-${string}`, CodeEntry>;

export type FindingCode = keyof typeof FINDING_CODES;
