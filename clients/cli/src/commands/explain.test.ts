import { FINDING_CODES } from '@netverdict/verdict';
import { expect, it, test } from 'vitest';
import { UsageError } from '../exit-codes.ts';
import { explain } from './explain.ts';

const codes = Object.keys(FINDING_CODES);

it.each(codes)('%s has a page', (code) => {
  expect(explain(code)).toMatch(new RegExp(`^# ${code} — `));
});

test('a code is found in small letters and without NV-', () => {
  expect(explain('nv-loop')).toMatch(/^# NV-LOOP — /);
  expect(explain('loop')).toMatch(/^# NV-LOOP — /);
});

test('without a code all are listed, each with its title', () => {
  const lines = explain(undefined).trimEnd().split('\n');
  expect(lines.map((line) => line.split(' ')[0])).toEqual(codes);
  expect(lines).toContainEqual(expect.stringMatching(/^NV-LOOP +The packets go round in circles$/));
});

test('an unknown code names those that are near', () => {
  expect(() => explain('NV-MTU')).toThrow(UsageError);
  expect(() => explain('NV-MTU')).toThrow(/Did you mean NV-MTU-ERROR-LOST, .*NV-MTU-EXCEEDED/);
});

test('an unknown code that is near none tells how to see them all', () => {
  expect(() => explain('NV-NONSENSE')).toThrow(/netverdict explain/);
});

it.each(['', 'NV-', 'n'])('%j fits too many codes to name them', (given) => {
  expect(() => explain(given)).toThrow(/^there is no finding [A-Z-]+\. `netverdict explain` lists all\.$/);
});

it('in Chinese: the title, the text and what is run by hand, without the English page', () => {
  const page = explain('NV-MTU-EXCEEDED', 'zh');
  expect(page).toMatch(/^# NV-MTU-EXCEEDED — 数据包超过路径允许的大小\n\n数据包大于/);
  expect(page).toContain('ip link show eth0');
  expect(page).not.toContain('What it means');
  expect(explain(undefined, 'zh')).toContain('数据包超过路径允许的大小');
});
