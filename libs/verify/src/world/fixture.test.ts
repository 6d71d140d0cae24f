import { expect, it } from 'vitest';
import { generate } from '../generate/generate.ts';
import { fixtureText, readFixture } from './fixture.ts';

it('a world that is written and read again is the same', () => {
  for (let index = 0; index < 30; index++) {
    const world = { ...generate(3, index, 8), id: 'x' };
    expect(readFixture(fixtureText({ title: 'a world', world }), 'x')).toEqual({ title: 'a world', world });
  }
});

it('what is as by default is not written', () => {
  const text = fixtureText({ title: 'a world', world: generate(3, 1, 2) });
  expect(text).not.toMatch(/\[\]|"tcpFlags": null|"repeat": 1,/);
});

it.each([
  ['no title', '{"namespaces": [], "flows": []}', 'has no title'],
  ['nothing to send', '{"title": "t", "namespaces": [], "flows": []}', 'sends nothing'],
  [
    'a list that is misspelt',
    '{"title": "t", "namespaces": [{"name": "a", "iptables": ["*nat"]}], "flows": [{"id": "f"}]}',
    'fields that no world has: iptables',
  ],
])('a file with %s is refused', (_, text, message) => {
  expect(() => readFixture(text, 'x')).toThrow(message);
});
