import { expect, test } from 'vitest';
import { jsonText, stringify } from './json-text.ts';

test('what is JSON already is written as it is, in its place', () => {
  const value = { a: jsonText('{"x":[1,"$& →"]}'), b: [jsonText('[]'), 'text'], c: 1 };
  expect(JSON.parse(stringify(value))).toEqual({ a: { x: [1, '$& →'] }, b: [[], 'text'], c: 1 });
  expect(stringify({ d: 1 })).toBe('{"d":1}');
});
