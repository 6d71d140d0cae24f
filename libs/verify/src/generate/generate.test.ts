import { expect, it } from 'vitest';
import { generate } from './generate.ts';

it('the same seed and index give the same world, others another', () => {
  expect(generate(7, 3, 10)).toEqual(generate(7, 3, 10));
  expect(generate(7, 3, 10)).not.toEqual(generate(7, 4, 10));
  expect(generate(7, 3, 10)).not.toEqual(generate(8, 3, 10));
});

it('no two flows of a world share a tuple, however often they are repeated', () => {
  for (let index = 0; index < 50; index++) {
    const { flows, prelude } = generate(1, index, 25);
    const fresh = flows.filter((f) => f.continues === null);
    const starts = [...prelude, ...fresh].map((f) => f.sport).sort((a, b) => a - b);
    const crowded = starts.filter((start, i) => i > 0 && start === starts[i - 1]);
    expect(crowded).toEqual([]);
    expect(fresh.every((f, i) => i === 0 || f.sport - (fresh[i - 1]?.sport ?? 0) >= 100)).toBe(true);
  }
});
