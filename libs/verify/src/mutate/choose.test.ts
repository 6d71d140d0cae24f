import { expect, it } from 'vitest';
import { randomFrom } from '../generate/random.ts';
import { chooseEvenly } from './choose.ts';
import { type Mutant, mutantsOf } from './mutants.ts';

const many = (file: string, count: number): Mutant[] => mutantsOf(file, 'x = true;\n'.repeat(count));

it('every file gives one mutant before any gives a second', () => {
  const all = [...many('a/big.ts', 50), ...many('b/small.ts', 2), ...many('c/one.ts', 1)];
  const files = chooseEvenly(all, 6, randomFrom(1)).map((m) => m.file);
  expect(files.slice(0, 3).sort()).toEqual(['a/big.ts', 'b/small.ts', 'c/one.ts']);
  expect(files.filter((f) => f === 'a/big.ts')).toHaveLength(3);
  expect(chooseEvenly(all, 500, randomFrom(1))).toHaveLength(53);
});
