/** A judge that cannot disagree is none: each way to differ is told, and nothing unknown agrees. */
import { describe, expect, it } from 'vitest';
import type { PredictedBranch, Prediction } from '../model/predict.ts';
import type { HeardForReal, Observation, Received, RuleSeen } from '../world/observation.ts';
import { compare } from './agree.ts';

const RECEIVED: Received = {
  namespace: 'b',
  source: '10.0.0.1',
  sport: 20000,
  destination: '10.0.0.2',
  dport: 80,
  iif: 'eth0',
  mark: 0,
  tos: 0,
  ttl: 63,
  sizeBytes: 40,
};
const RULE = { namespace: 'r', direction: 'forward', tool: 'ip', table: 't', chain: 'c', rule: 1 } as const;
const BRANCH: PredictedBranch = {
  share: 1,
  disposition: 'delivered',
  heard: { kind: 'answer' },
  told: null,
  toldOfAnswer: null,
  received: RECEIVED,
  rules: [RULE],
};
const SEEN: Observation = { flow: 'f', attempt: 0, heard: { kind: 'answer' }, received: RECEIVED, rules: [RULE] };
const says = (...branches: PredictedBranch[]): Prediction => ({ branches, unknowns: [] });

describe('what the model says and what was seen', () => {
  it('cannot agree where not each packet was seen', () => {
    expect(compare([says(BRANCH)], [])).toEqual({
      kind: 'disagrees',
      differences: [{ kind: 'not-observed', attempts: 1, seen: 0 }],
    });
    expect(compare([says(BRANCH), says(BRANCH)], [SEEN, SEEN]).kind).toBe('disagrees');
  });

  it('agree where nothing differs', () => {
    expect(compare([says(BRANCH)], [SEEN])).toEqual({ kind: 'agrees' });
  });

  it.each([
    ['another fate', { heard: { kind: 'silence' } }, 'the sender hears silence, the model says answer'],
    [
      'another ICMP code',
      { heard: { kind: 'icmp', type: 3, code: 1, from: '10.0.0.9', mtu: null } },
      'the sender hears ICMP 3/1 from 10.0.0.9, the model says answer',
    ],
    ['nobody received it', { received: null }, 'nobody received it; the model says b'],
    [
      'another source port',
      { received: { ...RECEIVED, sport: 61000 } },
      'sport at the receiver is 61000, the model says 20000',
    ],
    ...(
      [
        ['namespace', 'c'],
        ['source', '10.0.0.3'],
        ['destination', '10.0.0.4'],
        ['dport', 81],
        ['iif', 'eth1'],
        ['tos', 4],
        ['ttl', 64],
        ['sizeBytes', 41],
      ] as const
    ).map(
      ([field, value]) =>
        [
          `another ${field}`,
          { received: { ...RECEIVED, [field]: value } },
          `${field} at the receiver is ${value}, the model says ${RECEIVED[field]}`,
        ] as const,
    ),
    ['another mark', { received: { ...RECEIVED, mark: 1 } }, 'mark at the receiver is 1, the model says 0'],
    ['no rule met', { rules: [] }, 'rule 1 met is none, the model says forward r ip t c rule 1'],
    [
      'the policy met instead',
      { rules: [{ ...RULE, rule: 'policy' }] },
      'rule 1 met is forward r ip t c policy, the model says forward r ip t c rule 1',
    ],
    [
      'one rule more',
      { rules: [RULE, { ...RULE, rule: 2 }] },
      'rule 2 met is forward r ip t c rule 2, the model says none',
    ],
  ] as const)('disagree on %s', (_, change, words) => {
    const seen = { ...SEEN, ...change } as Observation;
    const found = compare([says(BRANCH)], [seen]);
    expect(found).toMatchObject({ kind: 'disagrees', differences: [{ kind: 'outcome', nearest: [words] }] });
  });

  it('do not agree by way of an unknown', () => {
    expect(compare([{ branches: [BRANCH], unknowns: ['a rule'] }], [SEEN]).kind).toBe('undetermined');
    expect(compare([says({ ...BRANCH, share: null })], [SEEN]).kind).toBe('undetermined');
  });

  it('a rule that may have been met need not have been', () => {
    const rules = [{ ...RULE, rule: 7, maybe: true }, RULE];
    const met = (...seen: number[]) =>
      compare([says({ ...BRANCH, rules })], [{ ...SEEN, rules: seen.map((rule) => ({ ...RULE, rule })) }]).kind;
    expect(met(1)).toBe('agrees');
    expect(met(7, 1)).toBe('agrees');
    expect(met(7)).toBe('disagrees');
    expect(met(1, 7)).toBe('disagrees');
  });
  it('where a rule is not known that decides nothing else, the rules are those of one of the ways, and no others', () => {
    const other = { ...RULE, rule: 7 } as const;
    const said = says({ ...BRANCH, rules: [RULE, other], otherRules: [[other, RULE]] });
    const met = (...rules: RuleSeen[]) => compare([said], [{ ...SEEN, rules }]).kind;
    expect(met(RULE, other)).toBe('agrees');
    expect(met(other, RULE)).toBe('agrees');
    expect(met(RULE)).toBe('disagrees');
    expect(met(RULE, { ...RULE, rule: 8 })).toBe('disagrees');
    expect(met(other, RULE, RULE)).toBe('disagrees');
  });
  it('what the socket does not tell is not compared, and an untraced packet has no rules to compare', () => {
    const seen = { ...SEEN, received: { ...RECEIVED, mark: null, ttl: null }, rules: null };
    expect(compare([says({ ...BRANCH, received: { ...RECEIVED, mark: 7 } })], [seen])).toEqual({ kind: 'agrees' });
  });
});

describe('branches and repetitions', () => {
  const other = { ...BRANCH, received: { ...RECEIVED, namespace: 'c' } };
  const half = (branch: PredictedBranch): PredictedBranch => ({ ...branch, share: 0.5 });
  const run = (toB: number, toC: number): Observation[] =>
    Array.from({ length: toB + toC }, (_, attempt) => ({
      ...SEEN,
      attempt,
      received: attempt < toB ? RECEIVED : other.received,
    }));
  const both = (count: number): Prediction[] => Array.from({ length: count }, () => says(half(BRANCH), half(other)));

  it('say nothing from where on errors of routes may be held back', () => {
    const told = { type: 3, code: 0, to: '10.0.0.1', times: 1 };
    const silent: HeardForReal = { kind: 'silence' };
    const heard: HeardForReal = { kind: 'icmp', type: 3, code: 0, from: '10.0.0.9', mtu: null };
    const branch = (as: HeardForReal, share: number): PredictedBranch => ({ ...BRANCH, told, share, heard: as });
    const said = Array.from({ length: 100 }, () => says(branch(silent, 0.25), branch(heard, 0.75)));
    const seen = (mayBeHeldBack: boolean): Observation[] =>
      Array.from({ length: 100 }, (_, attempt) =>
        attempt < 5
          ? { ...SEEN, attempt, heard }
          : { ...SEEN, attempt, heard: silent, ...(mayBeHeldBack ? { mayBeHeldBack } : {}) },
      );
    expect(compare(said, seen(true))).toEqual({ kind: 'agrees' });
    expect(compare(said, seen(false)).kind).toBe('disagrees');
  });

  it('a silence that may be held back is excused only where the model has such an error sent', () => {
    const seen = { ...SEEN, received: null, heard: { kind: 'silence' }, mayBeHeldBack: true } as const;
    const heard: HeardForReal = { kind: 'icmp', type: 3, code: 0, from: '10.0.0.9', mtu: null };
    const said = (told: PredictedBranch['told'], as: HeardForReal = heard) =>
      compare([says({ ...BRANCH, received: null, heard: as, told })], [seen]).kind;
    expect(said({ type: 3, code: 0, to: '10.0.0.1', times: 1 })).toBe('agrees');
    expect(said({ type: 3, code: 3, to: '10.0.0.1', times: 1 })).toBe('disagrees');
    expect(said(null, { kind: 'answer' })).toBe('disagrees');
    expect(
      compare(
        [says({ ...BRANCH, received: null, heard, told: { type: 3, code: 0, to: '10.0.0.1', times: 1 } })],
        [{ ...SEEN, received: null, heard: { kind: 'silence' } }],
      ).kind,
    ).toBe('disagrees');
  });

  it('agree where each is seen as often as its share says', () => {
    expect(compare(both(100), run(53, 47))).toEqual({ kind: 'agrees' });
  });

  it('disagree where one is never seen', () => {
    expect(compare(both(100), run(100, 0))).toMatchObject({
      kind: 'disagrees',
      differences: [{ kind: 'never-seen' }, { kind: 'shares' }],
    });
  });

  it('disagree where the shares are wrong', () => {
    expect(compare(both(200), run(170, 30))).toMatchObject({ kind: 'disagrees', differences: [{ kind: 'shares' }] });
  });
});
