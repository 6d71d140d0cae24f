import { expect, it } from 'vitest';
import { addReports, emptyReport, type Report } from './report.ts';
import { reportText } from './text.ts';

const part = (given: Partial<Report>): Report => ({ ...emptyReport(7, 100), ...given });

it('reports of workers add up: counts, features, unknowns, what went wrong', () => {
  const sum = addReports(
    part({ flows: 40, undetermined: 1, unknowns: { a: 1 }, features: { 'route/src': { met: 3, decisive: 1 } } }),
    part({
      flows: 60,
      unknowns: { a: 2, b: 1 },
      features: { 'route/src': { met: 2, decisive: 2 }, 'route/tos': { met: 1, decisive: 0 } },
      refused: [{ world: '7/1', message: 'no' }],
    }),
  );
  expect(sum).toMatchObject({ seed: 7, flows: 100, undetermined: 1, unknowns: { a: 3, b: 1 } });
  expect(sum.features).toEqual({ 'route/src': { met: 5, decisive: 3 }, 'route/tos': { met: 1, decisive: 0 } });
  expect(sum.refused).toHaveLength(1);
});

it('the text names what was seldom decisive, what was never met, and ends with the disagreements', () => {
  const lines = reportText(
    part({
      flows: 200,
      undetermined: 3,
      features: { 'route/src': { met: 90, decisive: 29 }, 'route/ttl': { met: 90, decisive: 30 } },
    }),
  ).split('\n');
  expect(lines.find((line) => line.startsWith('route/src'))).toMatch(/29 {2}< 30$/);
  expect(lines.find((line) => line.startsWith('route/ttl'))).toMatch(/30$/);
  expect(lines.find((line) => line.startsWith('never met'))).toContain('route/tos');
  expect(lines.find((line) => line.startsWith('never met'))).not.toContain('route/ttl');
  expect(lines.at(-2)).toBe('0 worlds refused, 3 flows undetermined (1.50 %)');
  expect(lines.at(-1)).toBe('0 disagreements');
});
