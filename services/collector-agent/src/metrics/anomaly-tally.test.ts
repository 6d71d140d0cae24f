import type { Anomaly } from '@netverdict/contracts';
import { expect, it } from 'vitest';
import { AnomalyTally } from './anomaly-tally.ts';

const drop = (name: string, count: number, more: Partial<Anomaly> = {}): Anomaly => ({
  kind: 'packet-drop',
  netns: 1,
  pod: { namespace: 'shop', name },
  count,
  windowStart: '',
  windowEnd: '',
  reason: 'NO_SOCKET',
  ...more,
});

it('beyond the bound all are counted together, and none is left out', () => {
  const tally = new AnomalyTally(2);
  tally.note([drop('a', 1), drop('b', 2), drop('c', 4), drop('d', 8), drop('a', 16), drop('a', 10, { oneIn: 10 })]);
  expect(tally.rows()).toEqual([
    { labels: { kind: 'packet-drop', reason: 'NO_SOCKET', namespace: 'shop', pod: 'a' }, value: 117 },
    { labels: { kind: 'packet-drop', reason: 'NO_SOCKET', namespace: 'shop', pod: 'b' }, value: 2 },
    { labels: { kind: 'packet-drop', reason: 'others' }, value: 12 },
  ]);
});
