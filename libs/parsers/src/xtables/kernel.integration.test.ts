/** The kernel as judge: every row is loaded with iptables-restore in a namespace of its own and read back with iptables-save. */
import { execFileSync } from 'node:child_process';
import type { XtRuleset, XtVariant } from '@netverdict/linux-net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { matchRows, type Row, targetRows } from '../testing/xtables-rows.ts';
import { printIptablesSave } from './print.ts';
import { parseIptablesSave } from './save.ts';

const namespace = `nv-parsers-${process.pid}`;
beforeAll(() => void execFileSync('ip', ['netns', 'add', namespace]));
afterAll(() => void execFileSync('ip', ['netns', 'del', namespace]));

const run = (variant: XtVariant, v6: boolean, verb: 'save' | 'restore', input = ''): string =>
  execFileSync('ip', ['netns', 'exec', namespace, `${v6 ? 'ip6' : 'ip'}tables-${variant}-${verb}`], {
    input,
    encoding: 'utf8',
    env: { ...process.env, XTABLES_LOCKFILE: `/run/${namespace}.lock` },
    stdio: ['pipe', 'pipe', 'pipe'],
  });

const saved = [...matchRows, ...targetRows].filter((row) => !row.notSaved);

describe.each(['legacy', 'nft'] as const)('%s', (variant) => {
  test.each(saved)('$text', (row: Row<{ readonly kind: string }>) => {
    const table = row.table ?? 'filter';
    const rule = ['-A CHAIN', row.needs, row.text].filter(Boolean).join(' ');
    const dump = `*${table}\n:OTHER - [0:0]\n:CHAIN - [0:0]\n${rule}\nCOMMIT\n`;
    const v6 = row.v6 === true;
    run(variant, v6, 'restore', dump);
    const ofText = read(dump, variant, v6);
    const ofKernel = read(run(variant, v6, 'save'), variant, v6);
    expect(ruleIn(ofKernel, table)).toEqual(ruleIn(ofText, table));
    // And what we print is what iptables takes.
    run(variant, v6, 'restore', printIptablesSave(ofText));
    expect(ruleIn(read(run(variant, v6, 'save'), variant, v6), table)).toEqual(ruleIn(ofText, table));
  });
});

function read(text: string, variant: XtVariant, v6: boolean): XtRuleset {
  const parsed = parseIptablesSave(text, variant, v6 ? 'ipv6' : 'ipv4');
  if (!parsed.ok) throw new Error(`line ${parsed.error.line}: ${parsed.error.message}: ${parsed.error.text}`);
  return parsed.value;
}

function ruleIn(ruleset: XtRuleset, table: string): unknown {
  const rule = ruleset.tables.find((t) => t.name === table)?.chains.find((c) => c.name === 'CHAIN')?.rules[0];
  return rule && { matches: rule.matches, target: rule.target };
}
