/** What a set says beyond whether a member matches: exceptions, sets of sets, times and counts, ports that were drawn, types that are not known. */
import { type IpSet, ip } from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import { ask, of, PACKET, type Row } from '../testing/ipset-questions.ts';
import { net, port, set, setPart } from '../testing/ipsets.ts';
import { compileIpSets } from './compiled.ts';
import { isIn, type Lookup } from './contains.ts';
import type { SetProbe } from './probe.ts';

describe('exceptions', () => {
  const holed = set('s', 'hash:net', [
    { parts: [net('10.0.0.0/8')] },
    { parts: [net('10.0.0.0/24')], nomatch: true },
    { parts: [net('10.2.0.0/16')], nomatch: true },
  ]);
  const turned = { returnNomatch: true };
  it('take out what they hold', () => {
    expect(ask(holed, { directions: 'src' })).toBe(false);
    expect(ask(holed, { directions: 'dst' })).toBe(true);
  });
  it('are what --return-nomatch asks for', () => {
    expect(ask(holed, { directions: 'src', more: turned })).toBe(true);
    expect(ask(holed, { directions: 'dst', more: turned })).toBe(false);
    expect(ask(holed, { directions: 'src', probe: { ...PACKET, address: () => ip('11.0.0.1') }, more: turned })).toBe(
      false,
    );
  });
  it('are nothing that --return-nomatch asks of a type without them', () => {
    expect(ask(of('hash:ip', [net('10.0.0.1/32')]), { directions: 'src', more: turned })).toBe(true);
  });
});

describe('a list of sets', () => {
  const a = set('a', 'hash:ip', [{ parts: [net('10.9.0.1/32')] }]);
  const b = set('b', 'hash:ip,port', [{ parts: [net('10.0.0.1/32'), port(6, 80)] }]);
  const list = of('list:set', [setPart('a')], [setPart('b')]);
  it('holds what one of them holds, by the directions that each needs', () => {
    expect(ask(list, { directions: 'src,dst', others: [a, b] })).toBe(true);
    expect(ask(list, { directions: 'src', others: [a, b] })).toBe(false);
    expect(ask(list, { directions: 'dst,dst', others: [a, b] })).toBe(false);
  });
  it('with a set that was not read is unknown', () => {
    expect(ask(list, { directions: 'src', others: [a] })).toEqual({ unknown: 'set b, which is not in ipset-save' });
  });
  it('with a set of an unknown type is unknown, unless another holds the packet', () => {
    const strange: IpSet = { kind: 'unsupported', name: 'a', type: 'hash:new', line: 1 };
    expect(ask(list, { directions: 'src,dst', others: [strange, b] })).toBe(true);
    expect(ask(list, { directions: 'dst,dst', others: [strange, b] })).toEqual({ unknown: 'a set of type hash:new' });
  });
});

describe('what is kept with a member', () => {
  const timed = (timeoutSeconds: number) => set('s', 'hash:ip', [{ parts: [net('10.0.0.1/32')], timeoutSeconds }]);
  it('is a time: about to expire it is unknown, with time left or none it is there', () => {
    expect(ask(timed(3), { directions: 'src' })).toEqual({ unknown: 'a member of set s that expires in 3 s' });
    expect(ask(timed(600), { directions: 'src' })).toBe(true);
    expect(ask(timed(0), { directions: 'src' })).toBe(true);
    expect(ask(timed(3), { directions: 'dst' })).toBe(false);
  });
  it('is a count, which a rule that asks for it makes unknown where the set counts', () => {
    const counted = set('s', 'hash:ip', [{ parts: [net('10.0.0.1/32')] }], { counters: true });
    const asks = { asksCounters: true };
    expect(ask(counted, { directions: 'src', more: asks })).toEqual({ unknown: 'the counters of a member of set s' });
    expect(ask(counted, { directions: 'dst', more: asks })).toBe(false);
    expect(ask(timed(0), { directions: 'src', more: asks })).toBe(true);
  });
});

describe('a source port that was drawn out of a range', () => {
  const drawn: SetProbe = {
    ...PACKET,
    port: (side) => (side === 'src' ? 1024 : 80),
    portAmong: (side) => (side === 'src' ? { from: 1024, to: 65535 } : undefined),
  };
  const unknown = { unknown: 'which port that set s asks for was drawn' };
  const rows: readonly Row[] = [
    ['is not known where a member has one of the range', of('bitmap:port', [port(null, 2000)]), 'src', unknown],
    ['is in no set that has others only', of('bitmap:port', [port(null, 80, 81)]), 'src', false],
    ['leaves the other port as it is', of('bitmap:port', [port(null, 80)]), 'dst', true],
    ['nor with an address before it', of('hash:ip,port', [net('10.0.0.1/32'), port(6, 2000)]), 'src,src', unknown],
    ['but where the address is another', of('hash:ip,port', [net('10.0.0.9/32'), port(6, 2000)]), 'src,src', false],
    ['or the protocol', of('hash:ip,port', [net('10.0.0.1/32'), port(17, 2000)]), 'src,src', false],
  ];
  for (const [says, asked, directions, answer] of rows)
    it(says, () => expect(ask(asked, { directions, probe: drawn })).toEqual(answer));
});

it('an unknown type is an unknown that names it', () => {
  expect(ask({ kind: 'unsupported', name: 's', type: 'hash:new', line: 1 }, { directions: 'src' })).toEqual({
    unknown: 'a set of type hash:new',
  });
});

it('every set’s own answer is told', () => {
  const a = set('a', 'hash:ip', [{ parts: [net('10.0.0.1/32')] }]);
  const sets = compileIpSets([a, of('list:set', [setPart('a')])]);
  const list = sets.get('s');
  if (!list) throw new Error('no list');
  const told: string[] = [];
  const lookup: Lookup = { probe: PACKET, directions: ['src'], asksCounters: false, returnNomatch: false };
  const turned = isIn(list, sets, lookup, (type, answer) => {
    told.push(`${type} ${answer}`);
    return type === 'hash:ip' ? !answer : answer;
  });
  expect(told).toEqual(['hash:ip true', 'list:set false']);
  expect(turned).toBe(false);
});
