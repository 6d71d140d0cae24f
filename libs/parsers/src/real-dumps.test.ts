/**
 * Dumps that people pasted in public, read where they lie: beside the repository, or where NETVERDICT_REAL_DUMPS points.
 * A dump that the real tool accepts must parse without losing a rule; one that it refuses may be an error, with its line.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { XtRule, XtRuleset } from '@netverdict/linux-net';
import { describe, expect, test } from 'vitest';
import { parseSection } from './section.ts';

const directory =
  process.env.NETVERDICT_REAL_DUMPS ?? fileURLToPath(new URL('../../../../shared/data/real-dumps', import.meta.url));
const index = `${directory}/index.jsonl`;

interface Dump {
  readonly file: string;
  readonly complete: boolean;
  /** Whether iptables-restore takes it: `loads`, or words that say otherwise. */
  readonly loads: string;
}
const dumps: readonly Dump[] = existsSync(index)
  ? readFileSync(index, 'utf8')
      .trim()
      .split('\n')
      .map((line): Dump => JSON.parse(line) as Dump)
      .filter((dump) => existsSync(`${directory}/${dump.file}`))
  : [];
if (dumps.length === 0) console.warn(`skipped: no dumps at ${directory}`);

const readDump = (dump: Dump): string => readFileSync(`${directory}/${dump.file}`, 'utf8');
const of = (folder: string): readonly Dump[] => dumps.filter((dump) => dump.file.startsWith(`${folder}/`));
const isIpv6 = (text: string): boolean => /icmp6|icmpv6|[0-9a-f]::/.test(text) && !/\d+\.\d+\.\d+\.\d+\/\d/.test(text);
const parse = (text: string) => parseSection(isIpv6(text) ? 'ip6tables-save' : 'iptables-save', text);
const rulesOf = (ruleset: XtRuleset): readonly XtRule[] =>
  ruleset.tables.flatMap((table) => table.chains.flatMap((chain) => chain.rules));

/** Typed for iptables-restore, with -I; what iptables-save prints has -A only. */
const typed = (dump: Dump): boolean => /^\s*-[IDR] /m.test(readDump(dump));

describe.skipIf(dumps.length === 0)('iptables-save dumps', () => {
  test.each(of('iptables-save').filter((d) => d.complete && d.loads === 'loads' && !typed(d)))(
    '$file parses whole',
    (dump) => {
      const text = readDump(dump);
      const parsed = parse(text);
      if (!parsed.ok) throw new Error(`line ${parsed.error.line}: ${parsed.error.message}: ${parsed.error.text}`);
      const lines = text.split('\n').filter((line) => /^\s*(\[\d+:\d+\]\s*)?-A /.test(line));
      expect(rulesOf(parsed.value).map((rule) => rule.text)).toHaveLength(lines.length);
    },
  );

  test.each([...of('iptables-save').filter((d) => !d.complete), ...of('iptables-partial')])(
    '$file is an error with its line, or loses no rule',
    (dump) => {
      const text = readDump(dump);
      const parsed = parse(text);
      if (parsed.ok) expect(rulesOf(parsed.value)).toHaveLength(text.match(/^\s*(\[\d+:\d+\]\s*)?-A /gm)?.length ?? 0);
      else expect(parsed.error.line).toBeGreaterThan(0);
    },
  );

  test('nearly every rule is known', () => {
    const rules = of('iptables-save').flatMap((dump) => {
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

describe.skipIf(dumps.length === 0)('ipset save dumps', () => {
  test.each(of('ipset-save'))('$file', (dump) => {
    const text = readDump(dump);
    const parsed = parseSection('ipset-save', text);
    if (!parsed.ok) expect(parsed.error.line).toBeGreaterThan(0);
    else expect(parsed.value.flatMap((set) => set.members)).toHaveLength(text.match(/^\s*add /gm)?.length ?? 0);
  });
});
