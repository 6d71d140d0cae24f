/** Random rulesets, random cuts and random bytes. */
import type { XtMatch, XtRule, XtRuleset, XtTarget } from '@netverdict/linux-net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSection } from '../section.ts';
import { matchRows, type Row, targetRows } from '../testing/xtables-rows.ts';
import { printIptablesSave } from './print.ts';
import { parseIptablesSave } from './save.ts';

const v4 = <T>(rows: readonly Row<T>[]): readonly T[] =>
  rows.filter((row) => !row.v6 && row.needs === undefined).map((row) => row.is);
const chainName = fc
  .stringMatching(/^[A-Z][A-Z0-9-]{0,20}$/)
  .filter(
    (name) =>
      !/^(INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING|ACCEPT|DROP|RETURN|LOG|MARK|CT|TTL|HL|TOS|TEE|SET)$/.test(name),
  );
const uint32 = fc.nat(0xffffffff);
const match: fc.Arbitrary<XtMatch> = fc.oneof(
  fc.constantFrom(...v4(matchRows)),
  fc.record({ kind: fc.constant('mark' as const), value: fc.nat(), mask: fc.nat(), negate: fc.boolean() }),
  fc.record({
    kind: fc.constant('statistic-random' as const),
    probability: fc.nat(1e9).map((n) => n / 1e9),
    negate: fc.boolean(),
  }),
  fc
    .array(
      fc.tuple(
        fc.constantFrom('first' as const, 'and' as const, 'left' as const, 'right' as const, 'at' as const),
        uint32,
      ),
      { minLength: 1, maxLength: 8 },
    )
    .chain((steps) =>
      fc.array(fc.record({ from: uint32, to: uint32 }), { minLength: 1, maxLength: 5 }).map((values) => ({
        kind: 'u32' as const,
        negate: false,
        tests: [
          {
            steps: steps.map(([op, number], i) => ({
              op: i === 0 ? ('first' as const) : op === 'first' ? 'and' : op,
              number,
            })),
            values,
          },
        ],
      })),
    ),
  // A value with quotes, backslashes and spaces in it comes through.
  fc.string({ unit: 'grapheme-ascii', minLength: 1 }).map((label) => ({
    kind: 'helper' as const,
    name: label,
    negate: false,
  })),
);
const comment = fc.option(fc.string({ unit: 'grapheme-ascii', minLength: 1 }));

/** The kernel compares the packet's header before it asks any module, whatever the order in the rule was. */
const OF_THE_HEADER = new Set<XtMatch['kind']>([
  'source',
  'destination',
  'in-interface',
  'out-interface',
  'protocol',
  'fragment',
]);
const inKernelOrder = (matches: readonly XtMatch[]): readonly XtMatch[] => [
  ...matches.filter((m) => OF_THE_HEADER.has(m.kind)),
  ...matches.filter((m) => !OF_THE_HEADER.has(m.kind)),
];

const ruleset: fc.Arbitrary<XtRuleset> = fc.uniqueArray(chainName, { minLength: 1, maxLength: 4 }).chain((names) => {
  const target: fc.Arbitrary<XtTarget | null> = fc.oneof(
    fc.constant(null),
    fc.constantFrom(...v4(targetRows).filter((t) => t.kind !== 'jump' && t.kind !== 'goto')),
    fc.constantFrom(...names).map((chain) => ({ kind: 'jump' as const, chain })),
  );
  const rule = fc.record({ matches: fc.array(match, { maxLength: 4 }).map(inKernelOrder), target, comment });
  return fc.tuple(...names.map(() => fc.array(rule, { maxLength: 4 }))).map((rules) => ({
    variant: 'nft' as const,
    family: 'ipv4' as const,
    tables: [
      {
        name: 'filter' as const,
        chains: names.map((name, i) => ({
          name,
          policy: null,
          line: 0,
          rules: (rules[i] ?? []).map((r, n): XtRule => ({ ...r, number: n + 1, line: 0, text: '' })),
        })),
      },
    ],
  }));
});

/** Lines and raw texts belong to the text, not to the ruleset. */
const withoutPlaces = (r: XtRuleset): unknown =>
  JSON.parse(
    JSON.stringify(r, (key, value: unknown) =>
      key === 'line' || (key === 'text' && typeof value === 'string') ? 0 : value,
    ),
  );

test('a printed ruleset is read back as it was', () => {
  fc.assert(
    fc.property(ruleset, (before) => {
      const after = parseIptablesSave(printIptablesSave(before), 'nft', 'ipv4');
      expect(after.ok && withoutPlaces(after.value)).toEqual(withoutPlaces(before));
    }),
  );
});

test('a ruleset cut anywhere is an error or the tables before the cut, never fewer rules in silence', () => {
  fc.assert(
    fc.property(ruleset, fc.nat(), (whole, at) => {
      const text = printIptablesSave(whole);
      // Up to the last character that is not white space; a cut there leaves the text whole.
      const cut = text.slice(0, at % text.trimEnd().length);
      const parsed = parseIptablesSave(cut, 'nft', 'ipv4');
      if (cut.trim() === '') expect(parsed.ok).toBe(true);
      else expect(parsed).toMatchObject({ ok: false });
    }),
  );
});

test('garbage is an error with a line and never an empty ruleset', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((b) => new TextDecoder('latin1').decode(b));
  const words = fc
    .array(
      fc.constantFrom(
        '*filter',
        ':A',
        '-',
        '-A',
        'A',
        '-j',
        '-m',
        '!',
        '"',
        '\\',
        '[0:0]',
        'COMMIT',
        '\n',
        '--dport',
        '-p',
        'tcp',
        '80',
        '#',
      ),
      { maxLength: 60 },
    )
    .map((w) => w.join(' '));
  fc.assert(
    fc.property(fc.oneof(bytes, words), (text) => {
      const parsed = parseSection('iptables-save', text);
      const onlyComments = text.split('\n').every((line) => line.trim() === '' || line.trim().startsWith('#'));
      if (!parsed.ok) expect(parsed.error.line).toBeGreaterThan(0);
      else if (parsed.value.tables.length === 0) expect(onlyComments).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

/** Rules as tools of several ages print them: each is understood, kept with its text, or refused; none vanishes. */
const AGES = [
  '-A A -m state --state NEW -j ACCEPT',
  '-A A -p tcp -m tcp --dport ! 80 -j DROP',
  '-A A -m time --timestart 06:59 --timestop 23:59 --days Sun,Mon -j DROP',
  '-A A -m mac --mac 00:11:22:33:44:55 -j DROP',
  '-A A -p tcp -j DNAT --to-destination  --random --to-destination 0.0.0.0:0',
  '-A A -m set --set nets src -j DROP',
  '-A A -m some_module_of_tomorrow --with a value -j ACCEPT',
  '-A A -m conntrack --ctstate NEW --new-option 5 -j ACCEPT',
  '-A A -m limit --limit 3/min -j LOG --log-prefix "a \\"b\\" "',
  '[12:3456] -A A -m comment --comment "x" -j RETURN',
  '-A A -m physdev  --physdev-is-bridged -j ACCEPT',
  '-A A -m hashlimit --hashlimit 5/sec --hashlimit-mode srcip --hashlimit-name a -j DROP',
  '-A A -j TARPIT',
  '-A A -m recent --rcheck --seconds 60 --name x --rsource -j DROP',
  '-A A -m u32 --u32 "0>>22&0x3C@8=1" -j DROP',
] as const;
const age = fc.constantFrom(...AGES);

test('a ruleset of mixed versions keeps every rule', () => {
  fc.assert(
    fc.property(fc.array(age, { maxLength: 20 }), (rules) => {
      const parsed = parseIptablesSave(['*filter', ':A - [0:0]', ...rules, 'COMMIT', ''].join('\n'), 'nft', 'ipv4');
      if (!parsed.ok) throw new Error(`line ${parsed.error.line}: ${parsed.error.message}: ${parsed.error.text}`);
      expect(parsed.value.tables[0]?.chains[0]?.rules.map((r) => r.text)).toEqual(
        rules.map((rule) => rule.replace(/^\[[^\]]*\] /, '')),
      );
    }),
  );
});

test('a rule with a piece cut out or put in is an error, or still a rule; nothing throws or hangs', () => {
  const piece = fc.string({ unit: fc.constantFrom(...' !"\\-:,/0aA=\t'), maxLength: 6 });
  fc.assert(
    fc.property(age, fc.nat(200), fc.nat(20), piece, (rule, at, length, inserted) => {
      const edited = `${rule.slice(0, at)}${inserted}${rule.slice(at + length)}`;
      const parsed = parseIptablesSave(`*filter\n:A - [0:0]\n${edited}\nCOMMIT\n`, 'nft', 'ipv4');
      if (parsed.ok)
        expect(parsed.value.tables[0]?.chains[0]?.rules).toHaveLength(
          edited.trim() === '' || edited.trimStart().startsWith('#') ? 0 : 1,
        );
      else expect(parsed.error.line).toBeGreaterThan(0);
    }),
    { numRuns: 5000 },
  );
});

test('a text whose lines are those of a ruleset in another order is an error with a line, or loses no rule', () => {
  const lines = ['*filter', ':A - [0:0]', ...AGES.slice(0, 6), 'COMMIT', '*nat', ':B - [0:0]', 'COMMIT', '# note'];
  fc.assert(
    fc.property(fc.shuffledSubarray(lines), (some) => {
      const parsed = parseIptablesSave(`${some.join('\n')}\n`, 'legacy', 'ipv4');
      if (!parsed.ok) {
        expect(parsed.error.line).toBeGreaterThan(0);
        return;
      }
      const rules = parsed.value.tables.flatMap((t) => t.chains.flatMap((c) => c.rules));
      expect(rules).toHaveLength(some.filter((line) => line.startsWith('-A')).length);
      expect(parsed.value.tables).toHaveLength(some.filter((line) => line.startsWith('*')).length);
    }),
    { numRuns: 2000 },
  );
});
