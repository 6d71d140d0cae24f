import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RuleRow {
  readonly family: string;
  readonly hook: string;
  readonly rule: string;
  /** In the form of `brief`. */
  readonly expressions: readonly string[];
}

export function ruleRows(): readonly RuleRow[] {
  const rows: (RuleRow & { readonly expressions: string[] })[] = [];
  for (const line of readFileSync(join(import.meta.dirname, '../fixtures/nft/rules.txt'), 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [family = '', hook = '', ...rule] = line.split(' ');
    if (line.startsWith('  ')) rows.at(-1)?.expressions.push(line.slice(2));
    else rows.push({ family, hook, rule: rule.join(' '), expressions: [] });
  }
  return rows;
}
