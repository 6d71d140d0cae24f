import { stripTypeScriptTypes } from 'node:module';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, it } from 'vitest';
import { mutantsOf } from './mutants.ts';
import { takeReached, turn, turned } from './switchboard.ts';
import { withSwitches } from './switches.ts';
import { fateOf } from './trial.ts';

const PLACE = `
const passes = (size: number, flags: number): boolean => {
  if (size < 3 && (flags & 0xf) === 1) return true;
  return !(size > 9) && false;
};
const downFrom = (at: number): number => {
  let steps = 0;
  while (!(at <= 0)) { at--; steps++; }
  return steps;
};
({ passes, downFrom });`;

interface Place {
  passes(size: number, flags: number): boolean;
  downFrom(at: number): number;
}

const mutants = mutantsOf('x.ts', PLACE);
const text = stripTypeScriptTypes(
  withSwitches(
    'x.ts',
    PLACE,
    [...mutants.entries()].map(([number, mutant]) => ({ number, mutant })),
  ),
);
const switched = runInNewContext(text, { __turned: turned }) as Place;

/** The place with one mutant written into it, as if there were no switches. */
function written(number: number): Place {
  const { start, end, replacement } = mutants[number] as (typeof mutants)[number];
  const other = PLACE.slice(0, start) + replacement + PLACE.slice(end);
  return runInNewContext(stripTypeScriptTypes(other), {}) as Place;
}

const GRID = [0, 2, 3, 4, 9, 10].flatMap((size) => [0, 1, 2, 15, 16, 17].map((flags) => [size, flags] as const));
const table = (place: Place): boolean[] => GRID.map(([size, flags]) => place.passes(size, flags));

afterEach(() => {
  turn(null);
  takeReached();
});

it('with none turned the place is what it was', () => {
  const plain = runInNewContext(stripTypeScriptTypes(PLACE), {}) as Place;
  expect(table(switched)).toEqual(table(plain));
  expect(switched.downFrom(4)).toBe(4);
});

it('each switch is the mutant, also within another', () => {
  const inPasses = [...mutants.keys()].filter((n) => (mutants[n]?.line ?? 0) < 6);
  expect(inPasses.length).toBeGreaterThan(7);
  for (const number of inPasses) {
    turn(number);
    expect([mutants[number]?.was, table(switched)]).toEqual([mutants[number]?.was, table(written(number))]);
  }
});

it('only the places that were run are reached', () => {
  switched.passes(2, 1);
  const lines = new Set([...takeReached()].map((number) => mutants[number]?.line));
  expect([...lines].sort()).toEqual([3]);
});

it('a mutant in circles ends', () => {
  turn(mutants.findIndex((m) => m.was.startsWith('!(at')));
  expect(switched.downFrom(4)).toBe(0);
  turn(mutants.findIndex((m) => m.was === '<='));
  expect(switched.downFrom(4)).toBe(5);
  turn(
    mutants.findIndex((m) => m.was.startsWith('!(at')),
    10_000,
  );
  expect(() => switched.downFrom(-1)).toThrow('circles');
});

it('a mutant is caught by the packet whose answer is another, and survives those whose answer is the same', () => {
  const flow = (id: string, size: number) => ({ flow: { id, size } });
  const asked = {
    load: () => ({ id: 'w', flows: [flow('small', 2), flow('just', 3)] }),
    modelOfStored: () => switched,
    isTold: (model: Place, { flow: { size } }: ReturnType<typeof flow>) => model.passes(size, 1) === size < 3,
  };
  const boundary = mutants.findIndex((m) => m.was === '<');
  const fate = (...flows: number[]) => fateOf([{ world: 0, flows }], '', asked, () => turn(boundary));
  expect(fate(0, 1)).toEqual({ fate: 'caught', by: 'w just' });
  expect(fate(0)).toEqual({ fate: 'survived', by: '' });
});
