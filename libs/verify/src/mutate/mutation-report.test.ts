import { expect, it } from 'vitest';
import { stillOpen, together } from './again.ts';
import { EXPLAINED } from './explained/index.ts';
import { type Mutant, mutantsOf } from './mutants.ts';
import { type MutantFate, type MutationReport, reportOf } from './mutation-report.ts';
import { mutationText } from './mutation-text.ts';
import { caughtOfAll, caughtOfTellable, sharesByFolder, sharesOfAll } from './shares.ts';

const [one, two, three] = mutantsOf('a/x.ts', 'x = true;\n'.repeat(3)) as [Mutant, Mutant, Mutant];
const run = (fates: readonly MutantFate[]): MutationReport =>
  reportOf({ seed: 1, random: 5, worlds: 4, flows: 10, possible: 9, workers: 2, seconds: 5, fates });

it('what no recorded flow runs through counts as not caught', () => {
  const report = run([
    { mutant: one, fate: 'caught', by: '1/1 f1' },
    { mutant: two, fate: 'survived', by: '' },
    { mutant: three, fate: 'not-reached', by: '' },
  ]);
  expect(report).toMatchObject({ tried: 3, caught: 1, folders: { a: { tried: 3, caught: 1 } } });
  expect(report.survivors.map((s) => [s.line, s.reached])).toEqual([
    [2, true],
    [3, false],
  ]);
  expect(mutationText(report)).toMatch(/3 of 9 mutants tried on 10 flows of 4 worlds in 5 s/);
  expect(mutationText(report)).toMatch(/1 caught \(33.3 %\), 0 equivalent .*, 2 gaps, 1 of them unexplained$/);
});

it('the same model in other words is counted apart, and is no gap', () => {
  const same = EXPLAINED.find((e) => e.is === 'equivalent' && e.change === undefined);
  if (!same) throw new Error('nothing is explained');
  const report = run([
    { mutant: one, fate: 'caught', by: '1/1 f1' },
    { mutant: two, fate: 'survived', by: '' },
    { mutant: { ...three, file: same.file, code: same.code }, fate: 'survived', by: '' },
  ]);
  const all = sharesOfAll(report);
  expect(all).toEqual({ tried: 3, caught: 1, equivalent: 1, gaps: 1, unexplained: 1 });
  expect([caughtOfAll(all), caughtOfTellable(all)]).toEqual(['33.3', '50.0']);
  expect(sharesByFolder(report).map(([name, f]) => [name, f.tried, f.gaps])).toContainEqual(['a', 2, 1]);
});

it('what is explained as the same model and caught all the same is told with the packet that told it', () => {
  const same = EXPLAINED.find((e) => e.is === 'equivalent' && e.change === undefined);
  if (!same) throw new Error('nothing is explained');
  const wrongly = { ...two, file: same.file, code: same.code };
  const report = run([
    { mutant: one, fate: 'caught', by: '1/1 f1' },
    { mutant: wrongly, fate: 'caught', by: '7/3 f2' },
  ]);
  expect(report.contradicted).toMatchObject([{ file: same.file, line: 2, by: '7/3 f2' }]);
  expect(mutationText(report)).toContain('caught by 7/3 f2, though explained as the same model');
  expect(together(report, run([{ mutant: three, fate: 'caught', by: '2/1 f1' }])).contradicted).toHaveLength(1);
  expect(run([{ mutant: one, fate: 'caught', by: '1/1 f1' }])).not.toHaveProperty('contradicted');
});

it('what survived an earlier run is tried on other worlds, and both are told as one', () => {
  const earlier = run([
    { mutant: one, fate: 'caught', by: '1/1 f1' },
    { mutant: two, fate: 'survived', by: '' },
    { mutant: three, fate: 'survived', by: '' },
  ]);
  expect(stillOpen([one, two, three], earlier)).toEqual([two, three]);
  expect(() => stillOpen([one, two], earlier)).toThrow('another model');
  const later = run([
    { mutant: two, fate: 'caught', by: '2/1 f1' },
    { mutant: three, fate: 'not-reached', by: '' },
  ]);
  expect(together(earlier, later)).toMatchObject({
    tried: 3,
    caught: 2,
    flows: 20,
    folders: { a: { tried: 3, caught: 2 } },
    survivors: [{ line: 3, reached: true }],
  });
});
