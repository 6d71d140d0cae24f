import { execFileSync } from 'node:child_process';
import { FEATURES } from '@netverdict/netsim';
import { expect, it } from 'vitest';
import { classOf, fidelityPage } from './fidelity.ts';
import { emptyReport } from './report.ts';

const RUN = { ...emptyReport(7, 100), command: 'c', kernel: 'Linux', machine: 'm', date: 'd', seconds: 1 };

it.each([
  ['kernel', 30, 'kernel-checked'],
  ['kernel', 29, 'fixture-checked'],
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
  expect(page).toContain('| destination | fixture-checked | 0 | 0 |');
  expect(page).toContain('| bpf | unknown | | |');
});

it('docs/fidelity.md and the table of messages are what the registries say', () => {
  const root = new URL('../../../../', import.meta.url);
  expect(() =>
    execFileSync(process.execPath, ['scripts/generate-docs.ts', '--check'], { cwd: root, stdio: 'pipe' }),
  ).not.toThrow();
});
