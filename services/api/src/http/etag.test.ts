import { expect, test } from 'vitest';
import { etagOf, fitsEtag } from './etag.ts';

test('the same document has the same tag, another one another', () => {
  expect(etagOf({ a: 1 })).toMatch(/^W\/"[\w-]{22}"$/);
  expect(etagOf({ a: 1 })).toBe(etagOf({ a: 1 }));
  expect(etagOf({ a: 1 })).not.toBe(etagOf({ a: 2 }));
});

test.each([
  ['nothing', undefined, false],
  ['the tag', 'W/"x"', true],
  ['the tag without its weakness', '"x"', true],
  ['one of several', '"y", W/"x"', true],
  ['anything', '*', true],
  ['another one', '"y"', false],
])('If-None-Match with %s', (_what, header, fits) => {
  expect(fitsEtag(header, 'W/"x"')).toBe(fits);
});
