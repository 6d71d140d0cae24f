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
    // A port may be used from two addresses: which connection an answer belongs to is then the question.
    const tuples = [...prelude, ...fresh].map(
      (f) => `${f.protocol} ${f.source} ${f.sport} ${f.destination} ${f.dport}`,
    );
    const crowded = tuples.filter((tuple, i) => tuples.indexOf(tuple) !== i);
    expect(crowded).toEqual([]);
    expect(fresh.every((f, i) => i === 0 || f.sport - (fresh[i - 1]?.sport ?? 0) >= 100)).toBe(true);
  }
});
