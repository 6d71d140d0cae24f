/** What the tools here take of the pasted dumps is loaded into a namespace: what they print of it is what the text said. */
import { execFileSync, spawnSync } from 'node:child_process';
import type { IpSet, Rule } from '@netverdict/linux-net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseIpRule } from '../ip/rule.ts';
import { parseIpsetSave } from '../ipset/save.ts';
import { lines } from '../lines.ts';
import { isEdited } from '../testing/edited.ts';
import { dumps, dumpsOf, readDump } from '../testing/real-dumps.ts';
import { parseIpsetListText } from '../text/ipset-list.ts';
import { parseIpRuleText } from '../text/rule.ts';

const NETNS = `iptx-load-${process.pid}`;
const inNetns = (args: readonly string[], input = '') =>
  spawnSync('ip', ['netns', 'exec', NETNS, ...args], { input, encoding: 'utf8' });

beforeAll(() => {
  execFileSync('ip', ['netns', 'add', NETNS]);
});
afterAll(() => {
  execFileSync('ip', ['netns', 'del', NETNS]);
});

/** Where it stood, and what the kernel puts in by itself: the time left, in whose order. */
const bare = (sets: readonly IpSet[]): readonly unknown[] =>
  sets.map((set) =>
    set.kind === 'unsupported'
      ? set.type
      : {
          name: set.name,
          type: set.type,
          members: set.members.map(({ parts, nomatch }) => text({ parts, nomatch })).sort(),
        },
  );
const text = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? part.toString(16) : part));

const dumped = [
  ...dumpsOf('ipset-save').map((dump) => ({ ...dump, parse: parseIpsetSave })),
  ...dumpsOf('ipset-list').map((dump) => ({ ...dump, parse: parseIpsetListText })),
];

describe.skipIf(dumps.length === 0)('sets', () => {
  let loaded = 0;
  test.each(dumped.filter((dump) => dump.complete))('$file', (dump) => {
    const source = readDump(dump);
    const parsed = dump.parse(source);
    const commands = dump.parse === parseIpsetSave ? source : commandsOf(source);
    const made = inNetns(['ipset', 'restore'], commands);
    const saved = parseIpsetSave(inNetns(['ipset', 'save']).stdout);
    inNetns(['ipset', 'destroy']);
    // What the tool does not take is no loss, nor what a hand changed.
    if (!parsed.ok) return expect(made.status !== 0 || isEdited(source.split('\n')[parsed.error.line - 1])).toBe(true);
    expect(made.stderr).toBe('');
    loaded++;
    expect(bare(parsed.value)).toEqual(saved.ok && bare(saved.value));
  });
  test('some are taken', () => {
    expect(loaded).toBeGreaterThan(2);
  });
});

/** A listing as the commands that make it. */
function commandsOf(list: string): string {
  const commands: string[] = [];
  let name = '';
  let type = '';
  for (const { text: line } of lines(list)) {
    const heading = /^([A-Z][A-Za-z ]*):\s*(.*)$/.exec(line);
    if (heading?.[1] === 'Name') name = heading[2] ?? '';
    else if (heading?.[1] === 'Type') type = heading[2] ?? '';
    else if (heading?.[1] === 'Header') commands.push(`create ${name} ${type} ${heading[2]}`);
    else if (!heading) commands.push(`add ${name} ${line}`);
  }
  return `${commands.join('\n')}\n`;
}

const bareRules = (rules: readonly Rule[]): readonly unknown[] =>
  rules.map(({ evidence: _, ...rule }) => rule).sort((a, b) => a.priority - b.priority || (text(a) < text(b) ? -1 : 1));

describe.skipIf(dumps.length === 0)('policy rules', () => {
  let loaded = 0;
  test.each(dumpsOf('ip-rule').filter((dump) => dump.complete))('$file', (dump) => {
    const parsed = parseIpRuleText(readDump(dump), 'ipv4');
    if (!parsed.ok) return;
    inNetns(['ip', 'rule', 'flush']);
    inNetns(['ip', 'rule', 'del', 'pref', '0']);
    const taken: Rule[] = [];
    for (const rule of parsed.value) {
      const [priority = '', ...words] = rule.evidence.text.replace(/\s(#|<[-=]).*$/, '').split(/\s+/);
      const added = inNetns(['ip', 'rule', 'add', 'pref', priority.replace(':', ''), ...words]);
      // Tables that have a name on the machine of the dump only.
      if (added.status === 0) taken.push(rule);
    }
    loaded += taken.length;
    const kernel = parseIpRule(inNetns(['ip', '-j', 'rule']).stdout || '[]', 'ipv4');
    expect(kernel.ok && bareRules(kernel.value)).toEqual(bareRules(taken));
  });
  test('nearly all are taken', () => {
    expect(loaded).toBeGreaterThan(100);
  });
});
