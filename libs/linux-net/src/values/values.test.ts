/** Parsing and printing are each other's inverse; a prefix holds exactly the addresses that share its bits. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatIp, type IpAddress, type Ipv4, type Ipv6, parseIp, parseIpv4, parseIpv6 } from './address.ts';
import { formatPrefix, maskAddress, type Prefix, parsePrefix, prefixContains, widthOf } from './prefix.ts';
import { parseFwmark, parseMac, parsePort } from './scalars.ts';

const ipv4: fc.Arbitrary<IpAddress> = fc.nat(0xffffffff).map((n) => n as Ipv4);
const ipv6: fc.Arbitrary<IpAddress> = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map((n) => n as Ipv6);
/** Runs of zero groups are what the text form is difficult about. */
const sparseIpv6: fc.Arbitrary<IpAddress> = fc
  .array(fc.constantFrom(0n, 0n, 1n, 0xffffn), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.reduce<bigint>((sum, group) => (sum << 16n) | group, 0n) as Ipv6);
const address = fc.oneof(ipv4, ipv6, sparseIpv6);

const prefixes: fc.Arbitrary<Prefix> = address.chain((a) => {
  const family = typeof a === 'number' ? ('ipv4' as const) : ('ipv6' as const);
  return fc.nat(widthOf(family)).map((length) => ({ family, address: maskAddress(a, length), length }));
});

test('an address that is printed is parsed back', () => {
  fc.assert(
    fc.property(address, (a) => {
      expect(parseIp(formatIp(a))).toEqual({ ok: true, value: a });
    }),
  );
});

test('a prefix that is printed is parsed back', () => {
  fc.assert(
    fc.property(prefixes, (p) => {
      expect(parsePrefix(formatPrefix(p))).toEqual({ ok: true, value: p });
    }),
  );
});

test('a mask keeps the first bits and clears the rest', () => {
  fc.assert(
    fc.property(address, fc.nat(128), (a, n) => {
      const width = typeof a === 'number' ? 32 : 128;
      const length = Math.min(n, width);
      const text = (value: IpAddress): string => BigInt(value).toString(2).padStart(width, '0');
      expect(text(maskAddress(a, length))).toBe(text(a).slice(0, length).padEnd(width, '0'));
    }),
  );
});

test('a prefix contains an address exactly when their first bits are equal', () => {
  fc.assert(
    fc.property(prefixes, address, (p, a) => {
      const sameFamily = (typeof a === 'number') === (p.family === 'ipv4');
      expect(prefixContains(p, a)).toBe(sameFamily && maskAddress(a, p.length) === p.address);
      expect(prefixContains(p, p.address)).toBe(true);
    }),
  );
});

test('no text makes a parser throw', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const parse of [parseIpv4, parseIpv6, parseIp, parsePrefix, parseMac, parseFwmark])
        expect(parse(text)).toHaveProperty('ok');
    }),
  );
});

describe('the text of an IPv6 address is the shortest (RFC 5952)', () => {
  test.each([
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
  ])('%s is %s', (text, short) => {
    const parsed = parseIpv6(text);
    expect(parsed.ok && formatIp(parsed.value)).toBe(short);
  });
});

describe('is not an address', () => {
  test.each([
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '010.0.0.1',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '1.2.3.4 ',
    '0x7f.0.0.1',
  ])('"%s"', (text) => expect(parseIpv4(text).ok).toBe(false));
  test.each([':', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::', '::g', 'fe80::1%eth0', '::1.2.3'])(
    '"%s"',
    (text) => expect(parseIpv6(text).ok).toBe(false),
  );
});

describe('is not a prefix', () => {
  test.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/8/8', 'fd00::/129', '/8'])('"%s"', (text) =>
    expect(parsePrefix(text).ok).toBe(false),
  );
});

test('host bits of a prefix are cleared, as ip route does', () => {
  const parsed = parsePrefix('10.244.3.7/16');
  expect(parsed.ok && formatPrefix(parsed.value)).toBe('10.244.0.0/16');
});

test.each([
  [parsePort(0), false],
  [parsePort(1), true],
  [parsePort(65535), true],
  [parsePort(65536), false],
  [parsePort(1.5), false],
  [parseFwmark('0xffffffff'), true],
  [parseFwmark('4294967296'), false],
  [parseFwmark('-1'), false],
  [parseMac('02:42:AC:11:00:02'), true],
  [parseMac('02:42:ac:11:00'), false],
])('%j', (result, fits) => {
  expect(result.ok).toBe(fits);
});
