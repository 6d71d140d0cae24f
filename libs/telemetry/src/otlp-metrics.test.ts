import { DataPointType } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { metricData } from './otlp-metrics.ts';
import { addCounter, addHistogram, Registry } from './prepared-metrics.ts';

async function told(registry: Registry): Promise<ReturnType<typeof metricData>> {
  const [metric] = await registry.getMetricsAsJSON();
  return metric === undefined ? null : metricData(metric, 1000, 2500);
}

test('a counter is a monotonic sum with its labels, those that rows share among them', async () => {
  const registry = new Registry();
  addCounter(registry, 'n_total', 'how many', () => [{ shared: { pod: 'a' }, labels: { kind: 'x' }, value: 7 }]);
  expect(await told(registry)).toMatchObject({
    descriptor: { name: 'n_total', description: 'how many' },
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    dataPoints: [{ attributes: { pod: 'a', kind: 'x' }, value: 7, startTime: [1, 0], endTime: [2, 500_000_000] }],
  });
});

test('a histogram’s counts are between the bounds, not below them', async () => {
  const registry = new Registry();
  const buckets = [
    { le: 1, count: 2 },
    { le: 5, count: 2 },
    { le: 10, count: 6 },
  ];
  addHistogram(registry, 's', 'seconds', () => [{ labels: { message: 'm' }, buckets, count: 9, sum: 70 }]);
  expect(await told(registry)).toMatchObject({
    dataPointType: DataPointType.HISTOGRAM,
    dataPoints: [
      {
        attributes: { message: 'm' },
        value: { buckets: { boundaries: [1, 5, 10], counts: [2, 0, 4, 3] }, count: 9, sum: 70 },
      },
    ],
  });
});
