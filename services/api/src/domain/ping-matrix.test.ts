import type { LocatedEnd, ProbeAttempt } from '@netverdict/contracts';
import { expect, test } from 'vitest';
import { cellOf, unsent } from './ping-matrix.ts';

const end = (name: string): LocatedEnd => ({ kind: 'pod', name, node: 'n', pod: null, addresses: [] });
const attempt = (outcome: ProbeAttempt['outcome'], rttMs: number | null): ProbeAttempt => ({
  ...{ target: 't', outcome, rttMs, local: null },
});

test('loss, percentiles and outcomes of a pair', () => {
  const attempts = [...Array.from({ length: 18 }, (_, i) => attempt('connected', 18 - i)), attempt('silent', null)];
  const cell = cellOf(end('a/b'), end('c/d'), [...attempts, attempt('refused', 100)]);
  expect(cell).toMatchObject({
    ...{ from: 'pod a/b', to: 'pod c/d', sent: 20, answered: 19 },
    rttMs: { min: 1, p50: 10, p95: 100, p99: 100, max: 100 },
    outcomes: { connected: 18, silent: 1, refused: 1 },
  });
  expect(cell.loss).toBeCloseTo(0.05);
});

test('where nothing was sent there is no loss, but a reason', () => {
  expect(unsent(end('a/b'), end('c/d'), 'no agent')).toMatchObject({ sent: 0, loss: null, problem: 'no agent' });
});
