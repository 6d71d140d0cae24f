import type { XtMatch, XtRule } from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import type { CompiledRuleset } from '../netfilter/ruleset.ts';
import { deleteCommand, withoutRule } from './rule-command.ts';

const rule = (text: string, number = 1, matches: readonly XtMatch[] = []): XtRule => ({
  number,
  line: number,
  text,
  matches,
  target: { kind: 'drop' },
  comment: null,
});
const RULESET = { family: 'ipv4', variant: 'legacy' } as CompiledRuleset;
const RECENT: XtMatch = {
  kind: 'recent',
  negate: false,
  mode: 'rcheck',
  seconds: 60,
  hitcount: null,
  name: 'x',
  side: 'source',
  rttl: false,
  reap: false,
  mask: null,
};

describe('the command that deletes a rule', () => {
  // Each was run with iptables-nft and iptables-legacy 1.8.11, and deleted the rule.
  it.each([
    ['-A X -p tcp -m tcp --dport 80 -j DROP', '-p tcp -m tcp --dport 80 -j DROP'],
    ['-A X ! -s 1.2.3.0/24 -j DROP', '! -s 1.2.3.0/24 -j DROP'],
    ['-A X -m comment --comment "two words" -j DROP', "-m comment --comment 'two words' -j DROP"],
    [
      `-A X -m comment --comment "it\\'s a \\"q\\" $x \\\\ b" -j DROP`,
      '-m comment --comment "it\'s a \\"q\\" \\$x \\\\ b" -j DROP',
    ],
  ])('%s', (text, expected) => {
    expect(deleteCommand(RULESET, 'filter', 'X', rule(text))).toBe(`iptables-legacy -t filter -D X ${expected}`);
  });

  it('names a rule with recent by its number: iptables does not find its text', () => {
    const recent = rule('-A X -m recent --rcheck --seconds 60 --name x --rsource -j DROP', 4, [RECENT]);
    expect(deleteCommand(RULESET, 'filter', 'X', recent)).toBe('iptables-legacy -t filter -D X 4');
  });

  it('deletes the first of several that are the same', () => {
    const [a, b, c] = [rule('-A X -j DROP', 1), rule('-A X -j ACCEPT', 2), rule('-A X -j DROP', 3)];
    expect(withoutRule([a, b, c], c)).toEqual([b, c]);
  });
});
