/** The index of a long chain passes over no rule that could match. */
import { ip, type XtRule } from '@netverdict/linux-net';
import { expect, it } from 'vitest';
import { type RuleSpec, ruleset } from '../testing/cluster.ts';
import { candidates, compileRuleset } from './ruleset.ts';

const to = (address: string, negate = false, mask = '255.255.255.255'): RuleSpec => ({
  matches: [{ kind: 'destination', negate, value: { address: ip(address), mask: ip(mask) } }],
  target: { kind: 'accept' },
});

it('keeps the order of rules for the address, for others, for networks and for none', () => {
  const fill = Array.from({ length: 40 }, (_, i) => to(`10.96.1.${i}`));
  const special = [to('10.96.0.1'), to('10.96.0.9', true), to('10.96.0.0', false, '255.255.0.0'), { target: null }];
  const compiled = compileRuleset(
    ruleset('nft', { nat: { PREROUTING: [...fill, ...special, to('10.96.0.1'), to('10.96.0.2')] } }),
    null,
  );
  const chain = compiled.tables.get('nat')?.chains.get('PREROUTING');
  if (!chain) throw new Error('no chain');
  const numbers = (address: string): number[] => [...candidates(chain, ip(address))].map((rule: XtRule) => rule.number);
  expect(chain.byDestination).not.toBeNull();
  expect(numbers('10.96.0.1')).toEqual([41, 42, 43, 44, 45]);
  expect(numbers('10.96.1.3')).toEqual([4, 42, 43, 44]);
  expect(numbers('192.0.2.1')).toEqual([42, 43, 44]);
});
