/** What is not known is named, what is broken is an error with its line, and no text makes the parser throw. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NftExpr } from '@netverdict/linux-net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNftables } from './nftables.ts';

const HEAD = '{"ruleset":{"byteorder":"little"}}\n{"table":{"family":"inet","name":"t"}}\n{"chain":{"name":"c"}}\n';
const END = '{"end":{}}\n';
const rule = (expression: string): string => `{"rule":{"chain":"c","handle":1,"expressions":[${expression}]}}\n`;

function expressionsOf(text: string): readonly NftExpr[] {
  const parsed = parseNftables(`${HEAD}${rule(text)}${END}`);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value.tables[0]?.chains[0]?.rules[0]?.expressions ?? [];
}

describe('what is not known is unsupported, with its name and text', () => {
  it.each([
    ['an expression', '{"inner":{"num":1}}', 'inner'],
    [
      'an attribute of an expression',
      '{"payload":{"dreg":1,"base":1,"offset":0,"len":4,"attribute 9":"00"}}',
      'payload',
    ],
    ['a base', '{"payload":{"dreg":1,"base":9,"offset":0,"len":4}}', 'payload'],
    ['a key of meta', '{"meta":{"dreg":1,"key":99}}', 'meta'],
    ['a flag of nat', '{"nat":{"type":0,"family":2,"flags":1024}}', 'nat'],
    ['a second flag of limit', '{"limit":{"rate":1,"unit":1,"flags":2}}', 'limit'],
    ['a name that every object has', '{"constructor":{}}', 'constructor'],
  ])('%s', (_, text, name) => expect(expressionsOf(text)).toEqual([{ kind: 'unsupported', name, text }]));

  it('an attribute of an element stands on it', () => {
    const set = '{"set":{"name":"s","key_len":4}}\n{"elem":{"key":"0a000001","attribute 12":"00"}}\n';
    const parsed = parseNftables(`${HEAD}${set}${END}`);
    expect(parsed.ok && parsed.value.tables[0]?.sets[0]?.elements[0]?.expressions).toEqual([
      { kind: 'unsupported', name: 'attribute 12', text: '{"attribute 12":"00"}' },
    ]);
  });
});

it('an extension of x_tables is one, with its revision', () =>
  expect(expressionsOf('{"match":{"name":"bpf","rev":1,"info":"00"}}')).toEqual([
    { kind: 'xt', what: 'match', name: 'bpf', revision: 1 },
  ]));

describe('malformed', () => {
  it.each([
    ['no ruleset in the first line', '{"table":{"family":"ip","name":"t"}}\n', 1, /first line/],
    ['a text that is cut', HEAD, 3, /cut/],
    ['a line that is cut', `${HEAD}{"rule":{"chain":"c","hand\n${END}`, 4, /not JSON/],
    ['a line behind the end', `${HEAD}${END}${rule('')}`, 5, /behind the end/],
    ['an unknown line', `${HEAD}{"chair":{}}\n${END}`, 4, /expected one of/],
    ['a rule of no chain', `${HEAD}{"rule":{"chain":"d","handle":1}}\n${END}`, 4, /no chain is called "d"/],
    ['a chain twice', `${HEAD}{"chain":{"name":"c"}}\n${END}`, 4, /twice/],
    ['an element of no set', `${HEAD}{"elem":{"key":"00"}}\n${END}`, 4, /no set/],
    ['a chain of no table', `{"ruleset":{"byteorder":"little"}}\n{"chain":{"name":"c"}}\n${END}`, 2, /no table/],
    ['an attribute of a set', `${HEAD}{"set":{"name":"s","key_len":4,"attribute 30":"00"}}\n${END}`, 4, /attribute 30/],
    [
      'a hook that the family has not',
      `${HEAD}{"chain":{"name":"d","hook":{"num":7,"priority":0}}}\n${END}`,
      4,
      /hook 7/,
    ],
    ['a register', `${HEAD}${rule('{"meta":{"dreg":7,"key":1}}')}${END}`, 4, /no register/],
    ['a verdict', `${HEAD}${rule('{"immediate":{"dreg":0,"data":{"code":9}}}')}${END}`, 4, /code 9/],
    ['bytes', `${HEAD}${rule('{"cmp":{"sreg":1,"op":0,"data":"0"}}')}${END}`, 4, /hex/],
    ['what is missing', `${HEAD}${rule('{"cmp":{"sreg":1,"data":"00"}}')}${END}`, 4, /"op" is missing/],
  ])('%s', (_, text, line, message) => {
    const parsed = parseNftables(text);
    expect(parsed.ok ? 'read' : parsed.error).toMatchObject({ line, message: expect.stringMatching(message) });
  });
});

const recorded = readFileSync(
  join(import.meta.dirname, '../../../../services/collector-agent/fixtures/helper/node/nftables.txt'),
  'utf8',
);

it('no damage to a recorded text makes it throw, and no cut is taken for whole', () => {
  fc.assert(
    fc.property(fc.nat(recorded.length - 2), fc.string({ maxLength: 8 }), fc.nat(40), (at, put, drop) => {
      parseNftables(recorded.slice(0, at) + put + recorded.slice(at + drop));
      expect(parseNftables(recorded.slice(0, at)).ok).toBe(false);
    }),
    { numRuns: 2000 },
  );
});

const attributes = fc.dictionary(
  fc.constantFrom(...'dreg sreg base offset len key op data flags type set name chain hook num handle'.split(' ')),
  fc.oneof(fc.nat(30), fc.constant('00'), fc.jsonValue()),
);
const names = 'payload meta cmp lookup nat immediate limit bitwise dynset exthdr queue log objref'.split(' ');

it('whatever attributes an expression has, it is read, unsupported or malformed', () => {
  fc.assert(
    fc.property(fc.constantFrom(...names), attributes, (name, data) => {
      const parsed = parseNftables(`${HEAD}${rule(JSON.stringify({ [name]: data }))}${END}`);
      if (!parsed.ok) expect(parsed.error.line).toBe(4);
      else expect(parsed.value.tables[0]?.chains[0]?.rules[0]?.expressions).toHaveLength(1);
    }),
    { numRuns: 2000 },
  );
});
