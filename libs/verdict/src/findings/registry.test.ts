import { expect, test } from 'vitest';
import { FINDING_CODES } from './registry.ts';

const names = (text: string): readonly string[] =>
  [...text.matchAll(/\{([a-zA-Z]+)\}/g)].flatMap(([, name]) => name ?? []);
const unique = (list: readonly string[]): readonly string[] => [...new Set(list)].sort();
const CHINESE = /[\u4e00-\u9fff]/;

/** A param with this ending holds the Chinese words for the one without it. */
const inLanguage = (param: string, lang: 'en' | 'zh', params: readonly string[]): boolean =>
  lang === 'zh' ? !params.includes(`${param}Zh`) : !param.endsWith('Zh');

const entries = Object.entries(FINDING_CODES);

test.each(entries)('%s is a code of the stable form', (code) => {
  expect(code).toMatch(/^NV-[A-Z0-9]+(-[A-Z0-9]+)*$/);
});

test.each(entries)('%s says all its params in both languages, and no others', (_code, { text, params }) => {
  const all: readonly string[] = params;
  for (const lang of ['en', 'zh'] as const)
    expect(unique(names(text[lang]))).toEqual(unique(all.filter((param) => inLanguage(param, lang, all))));
});

test.each(entries)('%s is told in English and in Chinese', (_code, { title, text }) => {
  for (const english of [title.en, text.en]) expect(english).not.toMatch(CHINESE);
  for (const chinese of [title.zh, text.zh]) expect(chinese).toMatch(CHINESE);
  expect(title.en.length).toBeLessThan(75);
  expect(text.en).toMatch(/\.$/);
  expect(text.zh).toMatch(/。$/);
});

test('no two codes have the same title', () => {
  for (const lang of ['en', 'zh'] as const) {
    const titles = entries.map(([, { title }]) => title[lang]);
    expect(unique(titles)).toHaveLength(titles.length);
  }
});
