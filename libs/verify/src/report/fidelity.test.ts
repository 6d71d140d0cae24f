import { execFileSync } from 'node:child_process';
import { FEATURES } from '@netverdict/netsim';
import { expect, it } from 'vitest';
import { classOf, fidelityPage } from './fidelity.ts';
import { recordedOf } from './recorded.ts';
import { emptyReport } from './report.ts';
import { seedRunOf } from './seeds.ts';

const RUN = {
  ...emptyReport(7, 100),
  disagreements: [],
  command: 'c',
  kernel: 'Linux',
  machine: 'm',
  date: 'd',
  seconds: 1,
};

it.each([
  ['kernel', 30, 'kernel-checked'],
  ['kernel', 29, 'kernel-checked, seldom'],
  ['rows', 0, 'fixture-checked'],
  ['rows', 31, 'kernel-checked'],
  ['unknown', 99, 'unknown'],
] as const)('what is held by %s and decided %i packets is %s', (held, decisive, said) => {
  expect(classOf(held, decisive)).toBe(said);
});

it('every feature of every group has a row, met or not', () => {
  const page = fidelityPage({ ...RUN, features: { 'xt-match/source': { met: 50, decisive: 40 } } }, null, []);
  for (const [group, names] of Object.entries(FEATURES))
    for (const name of Object.keys(names)) expect(page, `${group}/${name}`).toContain(`| ${name} | `);
  expect(page).toContain('| source | kernel-checked | 50 | 40 |');
  expect(page).toContain('| destination | kernel-checked, seldom | 0 | 0 |');
  expect(page).toContain('| bpf | unknown | | |');
});

it('what disagreed is listed by its first difference', () => {
  const differences = [{ kind: 'threw', message: 'no such | table\n at x.ts' }] as const;
  const shrunk = { id: '7/3', namespaces: [], prelude: [], flows: [] };
  const run = recordedOf({ ...RUN, disagreements: [{ world: '7/3', flow: 'f1', differences, shrunk }] });
  expect(fidelityPage(run, null, [])).toContain('| 7/3 f1 | no such \\| table |');
  expect(fidelityPage(RUN, null, [])).not.toContain('What disagreed');
});

it('a world that could not be judged is named, and why', () => {
  const page = fidelityPage({ ...RUN, refused: [{ world: '7/4', message: 'its packets go round' }] }, null, []);
  expect(page).toContain('| worlds that could not be judged | 7/4: its packets go round |');
  expect(fidelityPage(RUN, null, [])).toContain('| worlds that could not be judged | none |');
});

it('of each fresh seed it says what it found', () => {
  const seed = seedRunOf({ ...RUN, seed: 5, flows: 200, undetermined: 1, seconds: 9 });
  const page = fidelityPage(RUN, null, [seed, { ...seed, seed: 6, disagreements: 2, found: 'a tick' }]);
  expect(page).toContain('Of these 2 runs 1 found something');
  expect(page).toContain('| d | 5 | 200 | 0 | 0.50 % | 9 s |');
  expect(page).toContain('| d | 6 | 200 | 2 | 0.50 % | a tick; 9 s |');
});

it('docs/fidelity.md and the table of messages are what the registries say', () => {
  const root = new URL('../../../../', import.meta.url);
  expect(() =>
    execFileSync(process.execPath, ['scripts/generate-docs.ts', '--check'], { cwd: root, stdio: 'pipe' }),
  ).not.toThrow();
});
