import type { DiagnosisRequest, ExpectedTarget } from '@netverdict/contracts';
import { expect, it } from 'vitest';
import { boundsOf } from './bounds.ts';

const request = (probe: NonNullable<DiagnosisRequest['probe']>): DiagnosisRequest => ({
  source: {},
  destination: {},
  probe,
});
const targets = (n: number): ExpectedTarget[] => Array.from({ length: n }, () => ({}) as ExpectedTarget);

it.each([
  ['four each when nothing is asked', true, 3, [4, 4, 4]],
  ['as many as asked', { attempts: 10 }, 2, [10, 10]],
  [
    'no more than the time has room for; what was asked about comes first',
    { attempts: 50, perSecond: 10 },
    2,
    [23, 23],
  ],
  ['one each at the least', { attempts: 50, perSecond: 1, totalMs: 3000 }, 12, Array(12).fill(1)],
] as const)('%s', (_, probe, n, attempts) => {
  expect(boundsOf(request(probe), targets(n), 60_000)).toMatchObject({ attempts });
});

it('the deadline of the diagnosis bounds all of it, and leaves none where it is too near', () => {
  expect(boundsOf(request({ totalMs: 20_000 }), targets(1), 10_000)).toMatchObject({ totalMs: 7000 });
  expect(boundsOf(request(true), targets(1), 3200)).toHaveProperty('en', 'The deadline left no time for a real probe.');
});
