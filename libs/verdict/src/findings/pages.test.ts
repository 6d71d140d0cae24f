/** The registry and docs/findings are one: every code has a page, every page a code, and they say the same. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FINDING_CODES } from './registry.ts';

const folder = new URL('../../../../docs/findings/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, folder), 'utf8');
const codes = Object.keys(FINDING_CODES);
const entries = Object.entries(FINDING_CODES);

const SECTIONS = ['What it means', 'How it comes about', 'Check it by hand', 'Mend it', 'For experts', '中文'];

test('every code has a page, and every page a code', () => {
  const pages = readdirSync(folder).filter((file) => file !== 'README.md');
  expect(pages.sort()).toEqual(codes.map((code) => `${code}.md`).sort());
});

test.each(entries)('the page of %s has the title and severity of the registry', (code, { title, severity }) => {
  const [heading, , chinese, , weight] = read(`${code}.md`).split('\n');
  expect([heading, chinese, weight]).toEqual([
    `# ${code} — ${title.en}`,
    `**中文:** ${title.zh}`,
    `**Severity:** ${severity}`,
  ]);
});

test.each(codes)('the page of %s has every section, in order, and none is empty', (code) => {
  const [, ...sections] = read(`${code}.md`).split(/^## /m);
  expect(sections.map((section) => section.split('\n')[0])).toEqual(SECTIONS);
  for (const section of sections) expect(section.split('\n').slice(1).join('').length).toBeGreaterThan(40);
  expect(sections[2]).toMatch(/^```\n(?:.+\n)+```$/m);
  expect(sections.at(-1)).toMatch(/[\u4e00-\u9fff]{3}/);
});

test.each(codes)('the page of %s is short', (code) => {
  const lines = read(`${code}.md`).trimEnd().split('\n').length;
  expect(lines).toBeGreaterThanOrEqual(20);
  expect(lines).toBeLessThanOrEqual(45);
});

test.each(codes)('the page of %s names no code that does not exist', (code) => {
  const named = [...read(`${code}.md`).matchAll(/NV-[A-Z0-9]+(?:-[A-Z0-9]+)*/g)].map(([name]) => name);
  expect(codes).toEqual(expect.arrayContaining([...new Set(named)]));
});

test('the index lists every page once, as the registry has it', () => {
  const rows = read('README.md')
    .split('\n')
    .filter((line) => line.startsWith('| [NV-'));
  const expected = entries.map(
    ([code, { severity, title }]) => `| [${code}](${code}.md) | ${severity} | ${title.en} | ${title.zh} |`,
  );
  expect(rows.sort()).toEqual(expected.sort());
});
