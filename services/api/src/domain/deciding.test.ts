import type { Finding } from '@netverdict/verdict';
import { expect, test } from 'vitest';
import { decidingOf, decidingOfFailure } from './deciding.ts';

const finding = (code: string, hop: string, change: Partial<Finding> = {}): Finding =>
  ({
    ...{ code, hop, severity: 'blocking', node: null, direction: 'forward', branches: [], params: {}, evidence: [] },
    ...{ remedy: null },
    ...change,
  }) as Finding;

test('what blocks decides, each once, in an order that does not depend on the simulator', () => {
  const drop = finding('NV-FILTER-DROP', 'node-2/host', { params: { packets: 7 } });
  const route = finding('NV-NO-ROUTE', 'node-1/host');
  const noise = finding('NV-UNSEEN', 'node-1/host', { severity: 'info' });
  const expected = [
    { code: 'NV-FILTER-DROP', hop: 'node-2/host' },
    { code: 'NV-NO-ROUTE', hop: 'node-1/host' },
  ];
  expect(decidingOf({ findings: [route, noise, drop, drop] })).toEqual(expected);
  expect(decidingOf({ findings: [drop, route] })).toEqual(expected);
  expect(decidingOf({ findings: [noise] })).toEqual([]);
});

test.each([
  ['unknown-pod', true],
  ['unsupported-destination', true],
  ['deadline-exceeded', false],
  ['internal', false],
])('a failure by %s answers the question: %s', (type, answers) => {
  expect(decidingOfFailure({ type })).toEqual(answers ? [{ code: type, hop: null }] : null);
});
