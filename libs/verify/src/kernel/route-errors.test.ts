/** Silence says nothing once a router may have held its errors back, and everything before. */
import { expect, it } from 'vitest';
import type { HeardForReal, Observation } from '../world/observation.ts';
import { countRouteErrors, mostPieces } from './route-errors.ts';
import { flowOf } from './worlds.ts';

const SILENCE: HeardForReal = { kind: 'silence' };
const NO_ROUTE: HeardForReal = { kind: 'icmp', type: 3, code: 0, from: '10.0.0.1', mtu: null };
const flow = flowOf({ from: 'a', protocol: 'udp', destination: '10.9.9.9' });
const seen = (heard: HeardForReal): Observation => ({ flow: flow.id, attempt: 0, heard, received: null, rules: [] });

const counted = (names: readonly string[]): Map<string, number> =>
  new Map(names.map((name) => [name, names.filter((other) => other === name).length]));

it.each([
  ['five errors that were heard', NO_ROUTE, [], 5, true],
  ['three errors about packets in two pieces', NO_ROUTE, ['a', 'a'], 3, true],
  ['two errors about packets in two pieces', NO_ROUTE, ['a', 'a'], 2, undefined],
  ['four errors', NO_ROUTE, [], 4, undefined],
  ['five errors that were sent and lost on their way', SILENCE, ['a'], 5, true],
  ['five errors about its answers to others', SILENCE, ['b', 'a'], 5, true],
  ['five errors about the answers of others', SILENCE, ['b'], 5, undefined],
  ['five errors to the same address as another had it', SILENCE, ['b', '10.2.0.1'], 5, true],
  ['five errors to another address', SILENCE, ['b', '10.3.0.1'], 5, undefined],
  ['silence of another cause', SILENCE, [], 9, undefined],
  ['five ports that were unreachable', { ...NO_ROUTE, code: 3 }, [], 5, undefined],
] as const)('after %s', (_, heard, told, count, mayBeHeldBack) => {
  const errors = countRouteErrors(() => 0);
  for (let i = 0; i < count; i++) errors.note(flow, seen(heard), counted(told));
  expect(errors.note(flow, seen(SILENCE), counted(['10.2.0.1'])).mayBeHeldBack).toBe(mayBeHeldBack);
});

it.each([
  ['a second and a tick after the last one there is one more', 1010, undefined],
  ['a second after it that is not sure', 1000, true],
] as const)('%s', (_, later, mayBeHeldBack) => {
  let now = 0;
  const errors = countRouteErrors(() => now);
  for (let i = 0; i < 5; i++) errors.note(flow, seen(NO_ROUTE), new Map());
  now = later;
  errors.sending();
  now += 500;
  expect(errors.note(flow, seen(SILENCE), new Map()).mayBeHeldBack).toBe(mayBeHeldBack);
});

it('a packet that nobody has foretold counts as often as it may have pieces', () => {
  expect(mostPieces(flow)).toBe(1);
  expect(mostPieces({ ...flow, sizeBytes: 2000 })).toBe(4);
  const errors = countRouteErrors(() => 0);
  errors.note(flow, seen(SILENCE), new Map([['a', mostPieces({ ...flow, sizeBytes: 2000 })]]));
  errors.note(flow, seen(NO_ROUTE), new Map());
  expect(errors.note(flow, seen(SILENCE), new Map()).mayBeHeldBack).toBe(true);
});
