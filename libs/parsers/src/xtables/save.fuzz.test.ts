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
const match: fc.Arbitrary<XtMatch> = fc.oneof(
  fc.constantFrom(...v4(matchRows)),
  fc.record({ kind: fc.constant('mark' as const), value: fc.nat(), mask: fc.nat(), negate: fc.boolean() }),
  fc.record({
    kind: fc.constant('statistic-random' as const),
    probability: fc.nat(1e9).map((n) => n / 1e9),
    negate: fc.boolean(),
  }),
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
