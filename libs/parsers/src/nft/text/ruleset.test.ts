import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNftText } from './ruleset.ts';

const TEXT = `# nft -a list ruleset
table inet fw { # handle 3
	flags dormant;
	counter hits {
		packets 3 bytes 4
	}

	set bad { # handle 5
		type ipv4_addr
		flags interval
		elements = { 10.0.0.0/8, 192.168.0.1 comment "a, b",
			     192.168.0.2 }
	}

	chain in { # handle 1
		type filter hook input priority filter; policy drop;
		ct state vmap { invalid : drop,
			established : accept } # handle 7
		ip saddr @bad log prefix "} # ; {" drop # handle 8
		tcp dport { 22, 80 } \\
		  accept; udp dport 53 accept
	}
}
table ip other {
}
`;

it('tables, chains, sets, objects and rules with their lines and handles', () => {
  const parsed = parseNftText(TEXT);
  expect(parsed.ok && parsed.value).toEqual([
    {
      family: 'inet',
      name: 'fw',
      line: 2,
      flags: ['dormant'],
      chains: [
        {
          name: 'in',
          line: 15,
          base: 'type filter hook input priority filter',
          policy: 'drop',
          rules: [
            { line: 17, text: 'ct state vmap { invalid : drop, established : accept }', handle: 7 },
            { line: 19, text: 'ip saddr @bad log prefix "} # ; {" drop', handle: 8 },
            { line: 20, text: 'tcp dport { 22, 80 } accept', handle: null },
            { line: 21, text: 'udp dport 53 accept', handle: null },
          ],
        },
      ],
      sets: [
        {
          kind: 'set',
          name: 'bad',
          line: 8,
          properties: ['type ipv4_addr', 'flags interval'],
          elements: ['10.0.0.0/8', '192.168.0.1 comment "a, b"', '192.168.0.2'],
        },
      ],
      objects: [{ kind: 'counter', name: 'hits', line: 4, properties: ['packets 3 bytes 4'] }],
    },
    { family: 'ip', name: 'other', line: 24, flags: [], chains: [], sets: [], objects: [] },
  ]);
});

describe('what is broken is an error with its line', () => {
  it.each([
    ['a table that is cut', 'table ip t {\n chain c {\n  accept\n', 4, /begins in line 2/],
    ['a set that is cut', 'table ip t {\n chain c {\n  tcp dport { 1,\n 2', 4, /set that begins in line 3/],
    ['an ellipsis', 'table ip t {\n chain c {\n  ...\n }\n}\n', 3, /left out/],
    ['an ellipsis in a set', 'table ip t {\n set s {\n  elements = { 1, ... }\n }\n}\n', 3, /left out/],
    ['a brace too much', 'table ip t {\n}\n}\n', 3, /closing brace/],
    ['a quote without its end', 'table ip t {\n chain c {\n  iifname "x\n }\n}\n', 3, /quote/],
    ['a rule outside of a chain', 'table ip t {\n accept\n}\n', 2, /no "accept"/],
    ['another command', 'add table ip t\n', 1, /expected "table/],
    ['no family', 'table six t {\n}\n', 1, /expected "table/],
  ])('%s', (_, text, line, message) => {
    const parsed = parseNftText(text);
    expect(parsed.ok ? 'read' : parsed.error).toMatchObject({ line, message: expect.stringMatching(message) });
  });
});

it('no text makes it throw, and no cut through a block is taken for whole', () => {
  fc.assert(
    fc.property(fc.nat(TEXT.length), fc.string({ maxLength: 5 }), (at, put) => {
      parseNftText(TEXT.slice(0, at) + put + TEXT.slice(at));
      const opened = TEXT.slice(0, at).split('{').length > TEXT.slice(0, at).split('}').length;
      if (opened) expect(parseNftText(TEXT.slice(0, at)).ok).toBe(false);
    }),
    { numRuns: 1000 },
  );
});
