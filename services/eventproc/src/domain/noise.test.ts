import { expect, test } from 'vitest';
import { NOISE, noiseOf } from './noise.ts';

test.each([
  [
    'a router is looked for where IPv6 is off',
    { kind: 'packet-drop', reason: 'IPV6DISABLED', destination: 'ff02::2' },
    'ipv6-off-multicast',
  ],
  [
    'IPv6 to one host where it is off is a fault',
    { kind: 'packet-drop', reason: 'IPV6DISABLED', destination: 'fd00::1' },
    null,
  ],
  [
    'a group that nobody here is in',
    { kind: 'packet-drop', reason: 'NOT_SPECIFIED', destination: '224.0.0.251' },
    'group-not-joined',
  ],
  [
    'multicast that a rule drops is a fault',
    { kind: 'packet-drop', reason: 'NETFILTER_DROP', destination: '224.0.0.251' },
    null,
  ],
  [
    'a drop without a reason, to one host',
    { kind: 'packet-drop', reason: 'NOT_SPECIFIED', destination: '10.0.0.1' },
    null,
  ],
  ['a drop whose destination is not known', { kind: 'packet-drop', reason: 'IPV6DISABLED' }, null],
  ['a start', { kind: 'agent-started' }, 'start'],
] as const)('%s: %j is %s', (_what, event, name) => {
  expect(noiseOf(event)).toBe(name);
});

test('each row has its own name and says why', () => {
  expect(new Set(NOISE.map(({ name }) => name)).size).toBe(NOISE.length);
  expect(NOISE.filter(({ why }) => why.length < 20)).toEqual([]);
});
