import { expect, it } from 'vitest';
import { randomFrom } from '../generate/random.ts';
import { chooseEvenly } from './choose.ts';
import { type Mutant, mutantsOf } from './mutants.ts';
import { mutationText, reportOf } from './mutation-report.ts';

const many = (file: string, count: number): Mutant[] => mutantsOf(file, 'x = true;\n'.repeat(count));

it('every file gives one mutant before any gives a second', () => {
  const all = [...many('a/big.ts', 50), ...many('b/small.ts', 2), ...many('c/one.ts', 1)];
  const files = chooseEvenly(all, 6, randomFrom(1)).map((m) => m.file);
  expect(files.slice(0, 3).sort()).toEqual(['a/big.ts', 'b/small.ts', 'c/one.ts']);
  expect(files.filter((f) => f === 'a/big.ts')).toHaveLength(3);
  expect(chooseEvenly(all, 500, randomFrom(1))).toHaveLength(53);
});

it('what no recorded flow runs through counts as not caught', () => {
  const [one, two, three] = many('a/x.ts', 3) as [Mutant, Mutant, Mutant];
  const report = reportOf({
    seed: 1,
    flows: 10,
    possible: 9,
    fates: [
      { mutant: one, fate: 'caught', by: '1/1 f1' },
      { mutant: two, fate: 'survived', by: '' },
      { mutant: three, fate: 'not-reached', by: '' },
    ],
  });
  expect(report).toMatchObject({ tried: 3, caught: 1, folders: { a: { tried: 3, caught: 1 } } });
  expect(report.survivors.map((s) => [s.line, s.reached])).toEqual([
    [2, true],
    [3, false],
  ]);
  expect(mutationText(report)).toMatch(/3 of 9 mutants tried on 10 flows, 1 caught \(33.3 %\)$/);
});
