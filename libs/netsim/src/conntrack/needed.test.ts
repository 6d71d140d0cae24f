/** Which rules make a namespace track connections: each seen in the kernel, with a datagram over loopback and a look at its table. */
import type { XtMatch, XtTarget } from '@netverdict/linux-net';
import { describe, expect, test } from 'vitest';
import { compileRuleset } from '../netfilter/ruleset.ts';
import { known, ruleset } from '../testing/cluster.ts';
import { MASQUERADE } from '../testing/edits.ts';
import { tracksConnections } from './needed.ts';

const NO_NFT = known({
  section: null,
  source: { byteOrder: 'little', tables: [] },
  host: 'little',
  tables: [],
  bases: [],
}) as never;
const tracks = (rule: { matches?: readonly XtMatch[]; target?: XtTarget }): boolean =>
  tracksConnections(
    'ipv4',
    [known(compileRuleset(ruleset('nft', { raw: { never: [{ target: null, ...rule }] } }), null))],
    NO_NFT,
  );
const CT = { zone: null, zoneOf: 'both', helper: null, notrack: false, timeout: null, events: [] } as const;

describe('a namespace tracks connections', () => {
  test('for a rule that translates, in a chain that nothing leads to', () => {
    expect(tracks({ target: MASQUERADE })).toBe(true);
  });
  test('for a rule that asks of a connection', () => {
    expect(tracks({ matches: [{ kind: 'ctstate', states: ['NEW'], negate: false }] })).toBe(true);
    expect(tracks({ matches: [{ kind: 'connmark', value: 1, mask: 1, negate: false }] })).toBe(true);
  });
  test('for CT that puts packets into a zone, not for CT that leaves them out', () => {
    expect(tracks({ target: { kind: 'ct', ...CT, zone: 3 } })).toBe(true);
    expect(tracks({ target: { kind: 'ct', ...CT, notrack: true } })).toBe(false);
    expect(tracks({ target: { kind: 'notrack' } })).toBe(false);
  });
  test('not for rules that ask of the packet alone', () => {
    expect(tracks({ matches: [{ kind: 'mark', value: 1, mask: 1, negate: false }], target: { kind: 'drop' } })).toBe(
      false,
    );
  });
  test('where its rules were not read, so that nothing is taken for certain', () => {
    const unread = { known: false, kind: 'nftables', reason: 'missing' } as never;
    expect(tracksConnections('ipv4', [], unread)).toBe(true);
  });
});
