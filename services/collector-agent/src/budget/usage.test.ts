import { expect, it } from 'vitest';
import { parseStat, usageOf } from './usage.ts';

const stat = (utime: number, stime: number, rss: number): string =>
  `77 (a) b (c) S 1 77 77 0 -1 4194560 100 0 0 0 ${utime} ${stime} 0 0 20 0 1 0 100 1000000 ${rss} 18446744073709551615 0`;

it('times and pages are found behind whatever the name holds', () => {
  expect(parseStat(stat(150, 50, 10))).toEqual({ cpuSeconds: 2, memoryBytes: 40_960 });
});

it('what a child has used is not forgotten when it is gone and another takes its place', () => {
  let pid: number | null = 77;
  const usage = usageOf(
    () => [pid, null],
    (of) => (of === 77 ? stat(300, 0, 0) : stat(100, 0, 0)),
  );
  const base = usage().cpuSeconds;
  pid = 78;
  const after = usage().cpuSeconds;
  expect(after - base).toBeGreaterThanOrEqual(1);
  expect(after - base).toBeLessThan(1.5);
});
