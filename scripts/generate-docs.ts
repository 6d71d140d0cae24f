/** Writes the generated parts of the documentation. `--check` changes nothing and fails where they are out of date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { CATALOG } from '@netverdict/contracts';

const file = new URL('../ARCHITECTURE.md', import.meta.url);
const text = readFileSync(file, 'utf8');
const rows = Object.entries(CATALOG).map(
  ([name, m]) =>
    `| \`${name}\` | \`${m.subject}\` | ${m.stream ?? 'not stored'} | ${m.version} | ${m.from} | ${m.to} |`,
);
const table = ['| message | subject | stream | version | from | to |', '|---|---|---|---|---|---|', ...rows].join('\n');
const begin = '<!-- messages:begin -->';
const end = '<!-- messages:end -->';
const next = `${text.slice(0, text.indexOf(begin) + begin.length)}\n${table}\n${text.slice(text.indexOf(end))}`;
if (process.argv.includes('--check')) {
  if (next !== text) {
    console.error('ARCHITECTURE.md is out of date: run `npm run docs`');
    process.exitCode = 1;
  }
} else writeFileSync(file, next);
