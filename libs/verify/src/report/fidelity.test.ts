import { execFileSync } from 'node:child_process';
import { FEATURES } from '@netverdict/netsim';
import { expect, it } from 'vitest';
import { classOf, fidelityPage } from './fidelity.ts';
import { recordedOf } from './recorded.ts';
import { emptyReport } from './report.ts';

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
  const page = fidelityPage({ ...RUN, features: { 'xt-match/source': { met: 50, decisive: 40 } } }, null);
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
  expect(fidelityPage(run, null)).toContain('| 7/3 f1 | no such \\| table |');
  expect(fidelityPage(RUN, null)).not.toContain('What disagreed');
});

it('docs/fidelity.md and the table of messages are what the registries say', () => {
  const root = new URL('../../../../', import.meta.url);
  expect(() =>
    execFileSync(process.execPath, ['scripts/generate-docs.ts', '--check'], { cwd: root, stdio: 'pipe' }),
  ).not.toThrow();
});
