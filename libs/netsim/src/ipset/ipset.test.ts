/**
 * Membership, each type with a packet that is in, one that is not, and where it cannot be told. The facts that look odd were
 * seen in a kernel (6.18): a rule with too few directions, networks that hide wider ones, members of bridge ports.
 */
import { IP_SET_TYPES, type IpSet, type IpSetType, ip, type Mac, parseMac } from '@netverdict/linux-net';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { iface, type MemberSpec, macPart, markPart, net, port, set, setPart } from '../testing/ipsets.ts';
import { naiveMembership } from '../testing/naive-ipset.ts';
import { compileIpSet, compileIpSets } from './compiled.ts';
import { type IsIn, isIn, type Lookup } from './contains.ts';
import type { SetProbe, Side } from './probe.ts';

const mac = (text: string): Mac => {
  const parsed = parseMac(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

/** tcp 10.0.0.1:40000 → 10.1.0.2:80, mark 0x63, in by eth0, out by veth1, from 02:…:01. */
const PACKET: SetProbe = {
  family: 'ipv4',
  protocol: 6,
  mark: 0x63,
  address: (side) => ip(side === 'src' ? '10.0.0.1' : '10.1.0.2'),
  port: (side) => (side === 'src' ? 40000 : 80),
  device: (side) => (side === 'src' ? 'eth0' : 'veth1'),
  mac: (side) => (side === 'src' ? mac('02:00:00:00:00:01') : undefined),
  goesWith: () => true,
};
const ICMP: SetProbe = { ...PACKET, protocol: 1, port: () => 8 * 256 };
const GRE: SetProbe = { ...PACKET, protocol: 47, port: () => 0 };
const FRAGMENT: SetProbe = { ...PACKET, port: () => null };
const IPV6: SetProbe = { ...PACKET, family: 'ipv6', address: () => ip('fd00::1') };

interface Asked {
  readonly directions: string;
  readonly probe?: SetProbe;
  readonly more?: Partial<Lookup>;
  readonly others?: readonly IpSet[];
}

function ask(asked: IpSet, { directions, probe = PACKET, more = {}, others = [] }: Asked): IsIn {
  const sets = compileIpSets([asked, ...others]);
  const sides = directions.split(',') as Side[];
  const lookup: Lookup = { probe, directions: sides, asksCounters: false, returnNomatch: false, ...more };
  return isIn(sets.get(asked.name) ?? compileIpSet(asked), sets, lookup, (_type, answer) => answer);
}

const of = (type: IpSetType, ...members: readonly MemberSpec['parts'][]) =>
  set(
    's',
    type,
    members.map((parts) => ({ parts })),
  );

type Row = readonly [says: string, asked: IpSet, directions: string, answer: IsIn, probe?: SetProbe];

const ROWS: { readonly [T in IpSetType]: readonly Row[] } = {
  'bitmap:ip': [
    ['the address', of('bitmap:ip', [net('10.0.0.1/32')]), 'src', true],
    ['another address', of('bitmap:ip', [net('10.0.0.1/32')]), 'dst', false],
    [
      'the first address of the range, and its last',
      set('s', 'bitmap:ip', [{ parts: [net('10.0.0.1/32')] }], {
        range: { from: Number(ip('10.0.0.1')), to: Number(ip('10.0.0.1')) },
      }),
      'src',
      true,
    ],
    [
      'an address outside the range',
      set('s', 'bitmap:ip', [{ parts: [net('10.0.0.0/24')] }], { range: { from: 0, to: 9 } }),
      'src',
      false,
    ],
  ],
  'bitmap:ip,mac': [
    ['address and MAC', of('bitmap:ip,mac', [net('10.0.0.1/32'), macPart('02:00:00:00:00:01')]), 'src,src', true],
    ['another MAC', of('bitmap:ip,mac', [net('10.0.0.1/32'), macPart('02:00:00:00:00:02')]), 'src,src', false],
    ['an address stored without a MAC', of('bitmap:ip,mac', [net('10.0.0.1/32'), macPart(null)]), 'src,dst', true],
    [
      'a MAC that is not known',
      of('bitmap:ip,mac', [net('10.0.0.1/32'), macPart('02:00:00:00:00:01')]),
      'src,dst',
      { unknown: 'the link-layer address that set s asks for' },
    ],
    ['no MAC decides', of('bitmap:ip,mac', [net('10.9.0.1/32'), macPart('02:00:00:00:00:01')]), 'src,dst', false],
  ],
  'bitmap:port': [
    ['TCP’s port', of('bitmap:port', [port(null, 79, 81)]), 'dst', true],
    ['UDP’s port', of('bitmap:port', [port(null, 80)]), 'dst', true, { ...PACKET, protocol: 17 }],
    ['SCTP has none here', of('bitmap:port', [port(null, 80)]), 'dst', false, { ...PACKET, protocol: 132 }],
    ['a fragment', of('bitmap:port', [port(null, 80)]), 'dst', false, FRAGMENT],
    ['any family', of('bitmap:port', [port(null, 80)]), 'dst', true, IPV6],
  ],
  'hash:ip': [
    ['the address', of('hash:ip', [net('10.0.0.1/32')]), 'src', true],
    ['the other direction', of('hash:ip', [net('10.0.0.1/32')]), 'dst', false],
    ['more directions than it has', of('hash:ip', [net('10.0.0.1/32')]), 'src,dst,dst', true],
    ['the other family', of('hash:ip', [net('10.0.0.1/32')]), 'src', false, IPV6],
    [
      'the other family, which the set’s mask is not for',
      set('s', 'hash:ip', [{ parts: [net('10.0.0.0/32')] }], { mask: ip('255.255.255.0') }),
      'src',
      false,
      IPV6,
    ],
    [
      'a netmask for both',
      set('s', 'hash:ip', [{ parts: [net('10.0.0.0/32')] }], { mask: ip('255.255.255.0') }),
      'src',
      true,
    ],
  ],
  'hash:mac': [
    ['the MAC', of('hash:mac', [macPart('02:00:00:00:00:01')]), 'src', true],
    ['another MAC', of('hash:mac', [macPart('02:00:00:00:00:09')]), 'src', false],
    [
      'no link-layer header',
      of('hash:mac', [macPart('02:00:00:00:00:01')]),
      'src',
      false,
      { ...PACKET, mac: () => null },
    ],
  ],
  'hash:ip,mac': [
    ['both', of('hash:ip,mac', [net('10.1.0.2/32'), macPart('02:00:00:00:00:01')]), 'dst,src', true],
    ['one of them', of('hash:ip,mac', [net('10.0.0.1/32'), macPart('02:00:00:00:00:01')]), 'dst,src', false],
  ],
  'hash:net': [
    ['a network', of('hash:net', [net('10.0.0.0/24')]), 'src', true],
    ['another network', of('hash:net', [net('10.0.1.0/24')]), 'src', false],
  ],
  'hash:net,net': [
    ['both networks', of('hash:net,net', [net('10.0.0.0/16'), net('10.1.0.0/16')]), 'src,dst', true],
    ['turned round', of('hash:net,net', [net('10.0.0.0/16'), net('10.1.0.0/16')]), 'dst,src', false],
    ['one direction is missing', of('hash:net,net', [net('0.0.0.0/0'), net('0.0.0.0/0')]), 'src', false],
    [
      'the first network’s length comes first',
      set('s', 'hash:net,net', [
        { parts: [net('10.0.0.0/24'), net('0.0.0.0/0')] },
        { parts: [net('10.0.0.0/16'), net('10.1.0.2/32')], nomatch: true },
      ]),
      'src,dst',
      true,
    ],
  ],
  'hash:ip,port': [
    ['address and port', of('hash:ip,port', [net('10.1.0.2/32'), port(6, 80)]), 'dst,dst', true],
    [
      'the address of one side, the port of the other',
      of('hash:ip,port', [net('10.0.0.1/32'), port(6, 80)]),
      'src,dst',
      true,
    ],
    ['another protocol', of('hash:ip,port', [net('10.1.0.2/32'), port(17, 80)]), 'dst,dst', false],
    ['ICMP’s type and code', of('hash:ip,port', [net('10.1.0.2/32'), port(1, 2048)]), 'dst,dst', true, ICMP],
    ['a protocol without ports', of('hash:ip,port', [net('10.1.0.2/32'), port(47, 0)]), 'dst,dst', true, GRE],
    ['a fragment', of('hash:ip,port', [net('10.1.0.2/32'), port(6, 80)]), 'dst,dst', false, FRAGMENT],
    ['one direction only', of('hash:ip,port', [net('10.1.0.2/32'), port(6, 80)]), 'dst', false],
  ],
  'hash:net,port': [
    ['network and port', of('hash:net,port', [net('10.1.0.0/16'), port(6, 80, 90)]), 'dst,dst', true],
    ['a port beyond', of('hash:net,port', [net('10.1.0.0/16'), port(6, 81, 90)]), 'dst,dst', false],
    [
      'a narrower network with another port hides nothing',
      of('hash:net,port', [net('10.1.0.2/32'), port(6, 81)], [net('10.1.0.0/16'), port(6, 80)]),
      'dst,dst',
      true,
    ],
  ],
  'hash:ip,port,ip': [
    ['all three', of('hash:ip,port,ip', [net('10.0.0.1/32'), port(6, 80), net('10.1.0.2/32')]), 'src,dst,dst', true],
    ['two of them', of('hash:ip,port,ip', [net('10.0.0.1/32'), port(6, 80), net('10.1.0.3/32')]), 'src,dst,dst', false],
  ],
  'hash:ip,port,net': [
    ['all three', of('hash:ip,port,net', [net('10.0.0.1/32'), port(6, 80), net('10.0.0.0/8')]), 'src,dst,dst', true],
    [
      'the network’s length decides, not the range that the address stood in',
      set('s', 'hash:ip,port,net', [
        { parts: [net('10.0.0.1/32'), port(6, 80), net('10.0.0.0/8')] },
        { parts: [net('10.0.0.0/30'), port(6, 80), net('10.1.0.0/16')], nomatch: true },
      ]),
      'src,dst,dst',
      false,
    ],
  ],
  'hash:net,port,net': [
    ['all three', of('hash:net,port,net', [net('10.0.0.0/24'), port(6, 80), net('0.0.0.0/0')]), 'src,dst,dst', true],
    [
      'two of them',
      of('hash:net,port,net', [net('10.0.0.0/24'), port(6, 80), net('10.2.0.0/16')]),
      'src,dst,dst',
      false,
    ],
  ],
  'hash:net,iface': [
    ['network and device', of('hash:net,iface', [net('10.0.0.0/8'), iface('eth0')]), 'src,src', true],
    ['the device that it leaves by', of('hash:net,iface', [net('10.0.0.0/8'), iface('eth0')]), 'src,dst', false],
    [
      'names that begin so',
      of('hash:net,iface', [net('10.0.0.0/8'), iface('et', { wildcard: true })]),
      'src,src',
      true,
    ],
    [
      'a bridge port, which no rule asks for',
      of('hash:net,iface', [net('10.0.0.0/8'), iface('eth0', { physdev: true })]),
      'src,src',
      false,
    ],
    [
      'a narrower network with another device hides the wider one',
      of('hash:net,iface', [net('10.0.0.1/32'), iface('eth9')], [net('10.0.0.0/8'), iface('eth0')]),
      'src,src',
      false,
    ],
    [
      'no device',
      of('hash:net,iface', [net('10.0.0.0/8'), iface('', { wildcard: true })]),
      'src,dst',
      false,
      { ...PACKET, device: () => null },
    ],
  ],
  'hash:ip,mark': [
    ['address and mark', of('hash:ip,mark', [net('10.0.0.1/32'), markPart(0x63)]), 'src,src', true],
    ['another mark', of('hash:ip,mark', [net('10.0.0.1/32'), markPart(0x64)]), 'src,src', false],
    [
      'the bits of the mask only',
      set('s', 'hash:ip,mark', [{ parts: [net('10.0.0.1/32'), markPart(3)] }], { markmask: 0xf }),
      'src,src',
      true,
    ],
  ],
  'list:set': [
    ['nothing in an empty list', of('list:set'), 'src', false],
    [
      'a set that was not read',
      of('list:set', [setPart('a')]),
      'src',
      { unknown: 'set a, which is not in ipset-save' },
    ],
  ],
};

describe.each(Object.keys(IP_SET_TYPES) as IpSetType[])('%s', (type) => {
  test.each(ROWS[type].map(([says, asked, directions, answer, probe]) => ({ says, asked, directions, answer, probe })))(
    '$says',
    ({ asked, directions, answer, probe }) => {
      expect(ask(asked, { directions, ...(probe ? { probe } : {}) })).toEqual(answer);
    },
  );
});

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

describe('the index never changes an answer', () => {
  const address = fc.integer({ min: 0, max: 7 }).map((n) => `10.0.0.${n}`);
  const prefixed = fc
    .tuple(address, fc.integer({ min: 28, max: 32 }))
    .map(([text, length]) => net(`${text}/${length}`));
  const host = address.map((text) => net(`${text}/32`));
  const ports = fc.constantFrom(port(6, 1), port(6, 2), port(17, 1), port(1, 2048), port(6, 1, 2));
  const device = fc.constantFrom(iface('eth0'), iface('eth1'), iface('e', { wildcard: true }));
  const PARTS: { readonly [T in IpSetType]?: readonly fc.Arbitrary<MemberSpec['parts'][number]>[] } = {
    'hash:ip': [host],
    'hash:net': [prefixed],
    'hash:net,net': [prefixed, prefixed],
    'hash:ip,port': [host, ports],
    'hash:net,port': [prefixed, ports],
    'hash:ip,port,ip': [host, ports, host],
    'hash:ip,port,net': [host, ports, prefixed],
    'hash:net,port,net': [prefixed, ports, prefixed],
    'hash:net,iface': [prefixed, device],
  };
  test.each(Object.keys(PARTS) as IpSetType[])('%s', (type) => {
    const members = fc.uniqueArray(
      fc.record({
        parts: fc.tuple(...(PARTS[type] ?? [])),
        nomatch: type.includes('net') ? fc.boolean() : fc.constant(false),
      }),
      { maxLength: 12, selector: (member) => naiveKey(member.parts) },
    );
    const directions = fc.array(fc.constantFrom<Side>('src', 'dst'), { minLength: 1, maxLength: 3 });
    const probe = fc.record({
      from: address,
      to: address,
      sport: fc.integer({ min: 0, max: 3 }),
      in: fc.constantFrom('eth0', 'eth1', 'x'),
    });
    fc.assert(
      fc.property(members, directions, probe, (list, sides, packet) => {
        const asked = set('s', type, list);
        const seen: SetProbe = {
          ...PACKET,
          address: (side) => ip(side === 'src' ? packet.from : packet.to),
          port: (side) => (side === 'src' ? packet.sport : 1),
          device: () => packet.in,
        };
        expect(ask(asked, { directions: sides.join(','), probe: seen })).toBe(
          naiveMembership(asked, seen, sides) === 'in',
        );
      }),
      { numRuns: 400 },
    );
  });
});

/** The kernel keeps one member for each element: ranges of ports are elements of their own, here left to the first. */
const naiveKey = (parts: MemberSpec['parts']): string =>
  parts
    .map((part) =>
      part.kind === 'prefix'
        ? `${part.prefix.address}/${part.prefix.length}`
        : part.kind === 'port'
          ? `${part.protocol === 6 ? 6 : `${part.protocol}:${part.from}`}`
          : part.kind === 'iface'
            ? 'device'
            : '',
    )
    .join();
