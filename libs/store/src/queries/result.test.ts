import { expect, test } from 'vitest';
import { packed, unpackResult } from './result.ts';

test('a result comes out as it went in, compressed by its writer or by us', () => {
  const result = { text: 'a NUL \0, 节点', lines: Array.from({ length: 100 }, () => '-A FORWARD -j DROP') };
  const json = Buffer.from(JSON.stringify(result));
  const once = packed(json);
  expect(once.length).toBeLessThan(json.length / 4);
  expect(unpackResult(once)).toEqual(result);
  expect(packed(once)).toEqual(once);
});

test('what was stored as JSON is read as JSON', () => {
  expect(unpackResult(Buffer.from(' {"a": 1}'))).toEqual({ a: 1 });
});
