/** No text makes a parser throw, whatever the kind of section. */
import { sectionKinds } from '@netverdict/linux-net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSection } from './section.ts';

const json = fc.json().map((value) => `[${value}]`);
const almost = fc
  .array(
    fc.dictionary(
      fc.constantFrom(
        'ifindex',
        'ifname',
        'flags',
        'dst',
        'dev',
        'gateway',
        'encap',
        'nexthops',
        'priority',
        'src',
        'table',
        'mac',
        'linkinfo',
        'addr_info',
        'metrics',
        'mtu',
        'state',
      ),
      fc.jsonValue(),
    ),
    { maxLength: 3 },
  )
  .map((value) => JSON.stringify(value));
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 200 }),
  json,
  almost,
);

describe('any text is a value or a problem with a line', () => {
  test.each(sectionKinds)('%s', (kind) => {
    fc.assert(
      fc.property(text, (source) => {
        const parsed = parseSection(kind, source);
        if (!parsed.ok) {
          expect(parsed.error.line).toBeGreaterThan(0);
          expect(parsed.error.message).not.toBe('');
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** For these an empty text means "nothing there": the tool prints nothing when there is nothing. */
const MAY_BE_EMPTY = new Set([
  'iptables-save',
  'iptables-nft-save',
  'ip6tables-save',
  'ip6tables-nft-save',
  'ipset-save',
  'conntrack',
]);

describe('an empty text is', () => {
  test.each(sectionKinds)('%s', (kind) => {
    expect(parseSection(kind, '').ok).toBe(MAY_BE_EMPTY.has(kind));
  });
});
