/** A dump that iptables-restore accepts must parse without losing a rule; one that it refuses may be an error, with its line. */
import type { XtRule, XtRuleset } from '@netverdict/linux-net';
import { describe, expect, test } from 'vitest';
import { parseSection } from '../section.ts';
import { type Dump, dumps, dumpsOf, readDump } from './dumps.ts';

const isIpv6 = (text: string): boolean => /icmp6|icmpv6|[0-9a-f]::/.test(text) && !/\d+\.\d+\.\d+\.\d+\/\d/.test(text);
const parse = (text: string) => parseSection(isIpv6(text) ? 'ip6tables-save' : 'iptables-save', text);
const rulesOf = (ruleset: XtRuleset): readonly XtRule[] =>
  ruleset.tables.flatMap((table) => table.chains.flatMap((chain) => chain.rules));

/** Typed for iptables-restore, with -I; what iptables-save prints has -A only. */
const typed = (dump: Dump): boolean => /^\s*-[IDR] /m.test(readDump(dump));

describe.skipIf(dumps.length === 0)('iptables-save dumps', () => {
  test.each(dumpsOf('iptables-save').filter((d) => d.complete && d.loads === 'loads' && !typed(d)))(
    '$file parses whole',
    (dump) => {
      const text = readDump(dump);
      const parsed = parse(text);
      if (!parsed.ok) throw new Error(`line ${parsed.error.line}: ${parsed.error.message}: ${parsed.error.text}`);
      const lines = text.split('\n').filter((line) => /^\s*(\[\d+:\d+\]\s*)?-A /.test(line));
      expect(rulesOf(parsed.value).map((rule) => rule.text)).toHaveLength(lines.length);
    },
  );

  test.each([...dumpsOf('iptables-save').filter((d) => !d.complete), ...dumpsOf('iptables-partial')])(
    '$file is an error with its line, or loses no rule',
    (dump) => {
      const text = readDump(dump);
      const parsed = parse(text);
      if (parsed.ok) expect(rulesOf(parsed.value)).toHaveLength(text.match(/^\s*(\[\d+:\d+\]\s*)?-A /gm)?.length ?? 0);
      else expect(parsed.error.line).toBeGreaterThan(0);
    },
  );

  test('nearly every rule is known', () => {
    const rules = dumpsOf('iptables-save').flatMap((dump) => {
      const parsed = parse(readDump(dump));
      return parsed.ok ? rulesOf(parsed.value) : [];
    });
    const parts = rules.flatMap((rule) => [...rule.matches, ...(rule.target ? [rule.target] : [])]);
    const unknown = parts.filter((part) => part.kind === 'unsupported');
    const share = 1 - unknown.length / parts.length;
    const names = new Map<string, number>();
    for (const part of unknown) {
      const name = 'module' in part ? `-m ${part.module}` : `-j ${part.name}`;
      names.set(name, (names.get(name) ?? 0) + 1);
    }
    const list = [...names].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} ×${count}`);
    console.info(
      `${rules.length} rules, ${parts.length} matches and targets, ${(share * 100).toFixed(2)} % known; unknown: ${list.join(', ')}`,
    );
    expect(share).toBeGreaterThan(0.98);
  });
});
