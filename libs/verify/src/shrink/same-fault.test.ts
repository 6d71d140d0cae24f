import { expect, it } from 'vitest';
import type { Comparison, Difference } from '../compare/agree.ts';
import { sameFault } from './same-fault.ts';

const OBSERVATION: Extract<Difference, { kind: 'outcome' }>['observation'] = {
  flow: 'f0',
  attempt: 0,
  heard: { kind: 'silence' },
  received: null,
  rules: [],
};
const disagrees = (nearest: string): Comparison => ({
  kind: 'disagrees',
  differences: [{ kind: 'outcome', observation: OBSERVATION, nearest: [nearest] }],
});

it.each([
  ['the same chain by another rule', 'rule 4 met is reply n inet t0 c0 rule 3, the model says none', true],
  ['the same chain by its policy', 'rule 9 met is reply n inet t0 c0 policy, the model says none', true],
  ['another chain', 'rule 9 met is reply n inet t0 c1 rule 2, the model says none', false],
  ['another kind of difference', 'the sender hears silence, the model says answer', false],
])('%s', (_, text, same) => {
  const first = disagrees('rule 9 met is reply n inet t0 c0 rule 2, the model says none');
  expect(sameFault(disagrees(text), first)).toBe(same);
});

it('what agrees is no fault, nor what is not known', () => {
  const first = disagrees('the sender hears silence, the model says answer');
  expect(sameFault({ kind: 'agrees' }, first)).toBe(false);
  expect(sameFault({ kind: 'undetermined', unknowns: [] }, first)).toBe(false);
});
