import { expect, test } from 'vitest';
import { packResult, unpackResult } from './result.ts';

test('a result comes out as it went in', () => {
  const result = { text: 'a NUL \0, 节点', lines: Array.from({ length: 100 }, () => '-A FORWARD -j DROP') };
  expect(unpackResult(packResult(result))).toEqual(result);
  expect(packResult(result).length).toBeLessThan(JSON.stringify(result).length / 4);
});

test('what was stored as JSON is read as JSON', () => {
  expect(unpackResult(Buffer.from(' {"a": 1}'))).toEqual({ a: 1 });
});
