import type { BatchFlowDocument, DiagnosisBatchDocument, ScheduleRun } from '@netverdict/contracts';
import { expect, test } from 'vitest';
import { causeText, endText } from '../terminal/flow-words.ts';
import { countsText, exitCodeOfBatch } from './batch.ts';
import { junit } from './junit.ts';
import { answerText, runText } from './schedules.ts';

const flow = (change: Partial<BatchFlowDocument> = {}): BatchFlowDocument => ({
  flow: 0,
  state: 'completed',
  request: { source: { pod: 'shop/cart' }, destination: { service: 'shop/payments', port: 80 }, protocol: 'tcp' },
  diagnosisId: 'dg_1',
  outcome: 'reachable',
  deciding: [],
  message: 'reachable',
  ...change,
});
const blocked = flow({ outcome: 'unreachable', deciding: [{ code: 'NV-FILTER-DROP', hop: 'node-2/host' }] });
const unclear = flow({ outcome: 'undetermined' });
const misnamed = flow({
  state: 'failed',
  outcome: null,
  message: 'no <such> pod',
  deciding: [{ code: 'unknown-pod', hop: null }],
});
const late = flow({ state: 'failed', outcome: null, message: 'There was no answer within 60 s' });
const cancelled = flow({ state: 'cancelled', outcome: null, diagnosisId: null, message: null });
const counts = (change: Partial<DiagnosisBatchDocument['counts']> = {}) => ({
  ...{ waiting: 0, running: 0, reachable: 0, unreachable: 0, 'partially-reachable': 0, undetermined: 0 },
  ...{ failed: 0, cancelled: 0, ...change },
});

test.each([
  ['all reach', [flow()], counts(), 0],
  ['one does not', [flow(), blocked], counts(), 1],
  ['one is not clear, which is worse', [blocked, unclear], counts(), 2],
  ['one names what is not there', [unclear, misnamed], counts({ failed: 1 }), 3],
  ['some were never begun', [flow(), cancelled], counts({ cancelled: 1 }), 3],
  ['one had no answer', [misnamed, late], counts({ failed: 2 }), 4],
  ['some have not ended', [flow()], counts({ running: 1 }), 4],
])('the exit code when %s', (_what, flows, of, code) => {
  expect(exitCodeOfBatch({ counts: of }, flows)).toBe(code);
});

test('an end is written as one types it', () => {
  expect(endText({ service: 'shop/payments', port: 80 })).toBe('svc/shop/payments:80');
  expect(endText({ ip: 'fd00::1', port: 80 })).toBe('[fd00::1]:80');
  expect(endText({ node: 'node-1' })).toBe('node/node-1');
  expect(endText({ pod: 'a/b', port: 'http' })).toBe('a/b:http');
});

test('what became of it is told with what decides', () => {
  expect([flow(), blocked, misnamed, late, cancelled].map(causeText)).toEqual([
    '',
    'NV-FILTER-DROP at node-2/host',
    'unknown-pod',
    'There was no answer within 60 s',
    '',
  ]);
  const batch = {
    flows: 9,
    counts: counts({ waiting: 2, running: 1, reachable: 5, failed: 1 }),
  } as DiagnosisBatchDocument;
  expect(countsText(batch)).toBe('6 of 9: 5 reachable, 1 failed');
});

test('JUnit has failures, errors and what was skipped, with nothing that XML cannot hold', () => {
  const text = junit([
    flow(),
    blocked,
    { ...misnamed, deciding: [], message: 'no <such> "pod" \u0001& more' },
    cancelled,
  ]);
  expect(text).toContain('<testsuite name="netverdict" tests="4" failures="1" errors="1" skipped="1">');
  expect(text).toContain('<testcase classname="netverdict" name="shop/cart → svc/shop/payments:80 (tcp)"/>');
  expect(text).toContain('<failure message="unreachable: NV-FILTER-DROP at node-2/host">dg_1</failure>');
  expect(text).toContain('no &lt;such&gt; &quot;pod&quot; &amp; more');
});

test('the answers of a schedule, and runs that have none', () => {
  expect(answerText(null)).toBe('none yet');
  expect(answerText({ outcome: 'unreachable', deciding: blocked.deciding })).toBe(
    'unreachable: NV-FILTER-DROP at node-2/host',
  );
  const run: ScheduleRun = {
    state: 'missed',
    ...{ dueAt: null, startedAt: null, endedAt: null, missed: 3, lastDueAt: null },
    ...{ reason: 'the run before it had not ended', diagnosisId: null, outcome: null, deciding: [], problem: null },
    changed: false,
  };
  expect(runText(run)).toBe('3 missed: the run before it had not ended');
});
