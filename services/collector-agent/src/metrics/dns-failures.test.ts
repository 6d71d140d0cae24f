import type { Anomaly } from '@netverdict/contracts';
import { expect, it } from 'vitest';
import { DnsFailures } from './dns-failures.ts';

const failed = (name: string | null, change: Partial<Anomaly> = {}): Anomaly => ({
  ...{ kind: 'dns-error', reason: 'NXDOMAIN', netns: 1, pod: null, count: 1 },
  ...{ windowStart: '2026-01-01T00:00:00Z', windowEnd: '2026-01-01T00:00:01Z' },
  ...(name === null ? {} : { details: { name } }),
  ...change,
});

it('ten thousand names are as many rows as there is room for, and none is left out of the sum', () => {
  const failures = new DnsFailures(100);
  failures.note(Array.from({ length: 10_000 }, (_, i) => failed(`n${i}.test`)));
  const rows = failures.rows();
  expect(rows.length).toBe(101);
  expect(rows.reduce((sum, { value }) => sum + value, 0)).toBe(10_000);
  expect(rows.find(({ labels }) => labels?.name === 'others')?.value).toBe(9900);
});

it('an error is told by its code, silence as such, what was sampled as what it stands for; other kinds are none of it', () => {
  const failures = new DnsFailures();
  failures.note([
    failed('a.test'),
    failed('a.test', { kind: 'dns-unanswered', count: 2, oneIn: 8 }),
    failed(null),
    failed('a.test', { kind: 'dns-slow' }),
  ]);
  expect(failures.rows()).toEqual([
    { labels: { name: 'a.test', failure: 'NXDOMAIN' }, value: 1 },
    { labels: { name: 'a.test', failure: 'unanswered' }, value: 16 },
    { labels: { name: 'others', failure: 'NXDOMAIN' }, value: 1 },
  ]);
});
