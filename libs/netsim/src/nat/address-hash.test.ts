/** Checked against Linux 6.18 on x86-64: `DNAT --to-destination 10.9.1.10-10.9.1.40` and `SNAT --to-source 10.9.0.100-10.9.0.200`. */
import { formatIp, ip } from '@netverdict/linux-net';
import { expect, it } from 'vitest';
import { addressOfRange } from './address-hash.ts';

const BACKENDS = { from: ip('10.9.1.10'), to: ip('10.9.1.40') };
const SOURCES = { from: ip('10.9.0.100'), to: ip('10.9.0.200') };

it.each([
  [BACKENDS, '10.9.0.1', '10.9.0.2', false, '10.9.1.30'],
  [BACKENDS, '10.9.0.1', '10.9.0.77', false, '10.9.1.30'],
  [BACKENDS, '10.9.0.5', '10.9.0.2', false, '10.9.1.29'],
  [BACKENDS, '10.9.0.5', '10.9.0.77', false, '10.9.1.22'],
  [BACKENDS, '10.9.0.1', '10.9.0.2', true, '10.9.1.10'],
  [BACKENDS, '10.9.0.5', '10.9.0.77', true, '10.9.1.10'],
  [SOURCES, '10.9.0.1', '10.9.0.2', false, '10.9.0.167'],
  [SOURCES, '10.9.0.5', '10.9.0.2', false, '10.9.0.162'],
] as const)('of %o, %s → %s (persistent: %s) gets %s', (range, source, destination, persistent, expected) => {
  const tuple = { source: ip(source), destination: ip(destination) };
  expect(formatIp(addressOfRange(range, tuple, { persistent, zone: 0 }))).toBe(expected);
});

it('a range of one address is that address', () => {
  const one = { from: ip('2001:db8::7'), to: ip('2001:db8::7') };
  const tuple = { source: ip('2001:db8::1'), destination: ip('2001:db8::2') };
  expect(formatIp(addressOfRange(one, tuple, { persistent: false, zone: 3 }))).toBe('2001:db8::7');
});
