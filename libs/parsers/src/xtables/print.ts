/** A ruleset as iptables-restore takes it. Each match is printed with its own `-m`, which iptables reads the same. */
import type { Family, XtRule, XtRuleset } from '@netverdict/linux-net';
import { printMatch } from './matches/registry.ts';
import { printTarget } from './targets/registry.ts';
import { quote } from './values.ts';

export function printIptablesSave(ruleset: XtRuleset): string {
  const lines: string[] = [];
  for (const table of ruleset.tables) {
    lines.push(`*${table.name}`);
    for (const chain of table.chains) lines.push(`:${chain.name} ${chain.policy ?? '-'} [0:0]`);
    for (const chain of table.chains)
      for (const rule of chain.rules) lines.push(printRule(chain.name, rule, ruleset.family));
    lines.push('COMMIT');
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

export function printRule(chain: string, rule: Pick<XtRule, 'matches' | 'target' | 'comment'>, family: Family): string {
  const protocol = rule.matches.find((m) => m.kind === 'protocol')?.number ?? null;
  return [
    `-A ${quote(chain)}`,
    ...rule.matches.map((match) => printMatch(match, { family, protocol })),
    ...(rule.comment === null ? [] : [`-m comment --comment ${quote(rule.comment)}`]),
    ...(rule.target === null ? [] : [printTarget(rule.target, family)]),
  ].join(' ');
}
