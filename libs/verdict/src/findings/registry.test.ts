import { expect, test } from 'vitest';
import { FINDING_CODES } from './registry.ts';

const names = (text: string): string[] => [...text.matchAll(/\{([a-zA-Z]+)\}/g)].map((m) => m[1] as string);

test.each(Object.entries(FINDING_CODES))('%s uses the params that it names, in both languages', (_code, entry) => {
  const used = new Set([...names(entry.text.en), ...names(entry.text.zh)]);
  expect([...used].sort()).toEqual([...entry.params].sort());
  expect(entry.title.en.length).toBeGreaterThan(5);
  expect(entry.title.zh).toMatch(/[\u4e00-\u9fff]/);
});
