/**
 * Writes the generated parts of the documentation. `--check` changes nothing and fails where they are out of date.
 * `--run FILE`: keeps what `netverdict verify --output FILE` wrote as the recorded run; `--seed FILE`: as one more fresh seed.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { configurationPage, SERVICES } from '@netverdict/configuration';
import { CATALOG } from '@netverdict/contracts';
import {
  fidelityPage,
  type MutationReport,
  type RecordedRun,
  type Run,
  recordedOf,
  type SeedRun,
  seedRunOf,
  survivorsPage,
} from '@netverdict/verify';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

function messages(text: string): string {
  const rows = Object.entries(CATALOG).map(
    ([name, m]) =>
      `| \`${name}\` | \`${m.subject}\` | ${m.stream ?? 'not stored'} | ${m.version} | ${m.from} | ${m.to} |`,
  );
  const table = ['| message | subject | stream | version | from | to |', '|---|---|---|---|---|---|', ...rows].join(
    '\n',
  );
  const begin = '<!-- messages:begin -->';
  const end = '<!-- messages:end -->';
  return `${text.slice(0, text.indexOf(begin) + begin.length)}\n${table}\n${text.slice(text.indexOf(end))}`;
}

function mutants(): MutationReport | null {
  return existsSync(new URL('../docs/fidelity/mutants.json', import.meta.url))
    ? (JSON.parse(read('docs/fidelity/mutants.json')) as MutationReport)
    : null;
}

function fidelity(): string {
  const run = JSON.parse(read('docs/fidelity/report.json')) as RecordedRun;
  return fidelityPage(run, mutants(), JSON.parse(read('docs/fidelity/seeds.json')) as SeedRun[]);
}

const PAGES: Readonly<Record<string, (text: string) => string>> = {
  'ARCHITECTURE.md': messages,
  'docs/configuration.md': () => configurationPage(SERVICES),
  'docs/fidelity.md': fidelity,
  'docs/fidelity/survivors.md': () => survivorsPage(mutants()),
};

const { values } = parseArgs({
  options: { check: { type: 'boolean' }, run: { type: 'string' }, seed: { type: 'string' } },
});
if (values.run !== undefined) {
  const run = JSON.parse(readFileSync(values.run, 'utf8')) as Run;
  writeFileSync(
    new URL('../docs/fidelity/report.json', import.meta.url),
    `${JSON.stringify(recordedOf(run), null, 1)}\n`,
  );
}
if (values.seed !== undefined) {
  const seeds = JSON.parse(read('docs/fidelity/seeds.json')) as SeedRun[];
  seeds.push(seedRunOf(JSON.parse(readFileSync(values.seed, 'utf8')) as Run));
  writeFileSync(new URL('../docs/fidelity/seeds.json', import.meta.url), `${JSON.stringify(seeds, null, 2)}\n`);
}

for (const [path, write] of Object.entries(PAGES)) {
  const file = new URL(`../${path}`, import.meta.url);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const next = write(text);
  if (next === text) continue;
  if (values.check) {
    console.error(`${path} is out of date: run \`npm run docs\``);
    process.exitCode = 1;
  } else writeFileSync(file, next);
}
