import type { AnomalyBatch } from '@netverdict/contracts';
import { expect, test } from 'vitest';
import { implausible, MOST_ANOMALIES, plausibleTime } from './plausible.ts';

const anomaly: AnomalyBatch['anomalies'][number] = {
  ...{ kind: 'packet-drop', netns: 1, pod: null, count: 1 },
  ...{ windowStart: '2026-01-01T00:00:00Z', windowEnd: '2026-01-01T00:00:05Z' },
};
const batch = (change: Partial<AnomalyBatch> = {}): AnomalyBatch => ({
  node: 'n',
  epoch: 'e',
  seq: 1,
  anomalies: [anomaly],
  ...change,
});

test.each<[string, AnomalyBatch, RegExp | null]>([
  ['a batch of ours', batch(), null],
  ['one as large as they come', batch({ anomalies: Array(MOST_ANOMALIES).fill(anomaly) }), null],
  ['one that is larger', batch({ anomalies: Array(MOST_ANOMALIES + 1).fill(anomaly) }), /5001 anomalies, at most 5000/],
  [
    'a count that no column holds',
    batch({ anomalies: [anomaly, { ...anomaly, count: 1e300 }] }),
    /anomaly 1: a number/,
  ],
  ['a factor that no column holds', batch({ anomalies: [{ ...anomaly, oneIn: 1e10 }] }), /oneIn/],
  [
    'a time that the database does not know',
    batch({ anomalies: [{ ...anomaly, windowEnd: '0000-01-01T00:00:00Z' }] }),
    /window is not between/,
  ],
  ['a clock that was never set', batch({ anomalies: [{ ...anomaly, windowEnd: '1970-01-01T00:00:07Z' }] }), null],
  ['a number beyond all batches', batch({ seq: 2 ** 50 }), /seq/],
  ['a name of its start without end', batch({ epoch: 'e'.repeat(101) }), /epoch/],
  [
    'a port that is none',
    batch({
      anomalies: [
        {
          ...anomaly,
          tuple: {
            family: 'ipv4',
            protocol: 6,
            source: null,
            sourcePort: 70_000,
            destination: null,
            destinationPort: null,
          },
        },
      ],
    }),
    /port/,
  ],
])('%s', (_, given, refused) => {
  if (refused === null) expect(implausible(given)).toBeNull();
  else expect(implausible(given)).toMatch(refused);
});

test('a time far ahead, or older than any spool keeps, is now', () => {
  const now = Date.parse('2026-06-01T00:00:00.000Z');
  const seen = (offsetMs: number) => Date.parse(plausibleTime(new Date(now + offsetMs).toISOString(), now)) - now;
  expect([-3_600_000, 30_000, 120_000, -25 * 3_600_000].map(seen)).toEqual([-3_600_000, 30_000, 0, 0]);
});
