import { expect, it } from 'vitest';
import { addCounter, addGauge, addHistogram, Registry } from './prepared-metrics.ts';

it('rows that were counted elsewhere are told as counters, gauges and histograms, with what they share', async () => {
  const registry = new Registry();
  const pod = { namespace: 'shop', pod: 'cart-1' };
  let seen = 7;
  addCounter(registry, 'seen_total', 'what was seen', () => [{ shared: pod, labels: { kind: 'drop' }, value: seen }]);
  addGauge(registry, 'waiting', 'what waits', () => [{ value: 0.5 }]);
  addHistogram(registry, 'rtt_seconds', 'round trips', () => [
    {
      shared: pod,
      buckets: [
        { le: 0.001, count: 2 },
        { le: 0.002, count: 3 },
      ],
      count: 5,
      sum: 0.25,
    },
  ]);
  seen = 8; // read when it is asked for
  expect((await registry.metrics()).split('\n').filter((line) => line !== '')).toEqual([
    '# HELP seen_total what was seen',
    '# TYPE seen_total counter',
    'seen_total{kind="drop",namespace="shop",pod="cart-1"} 8',
    '# HELP waiting what waits',
    '# TYPE waiting gauge',
    'waiting 0.5',
    '# HELP rtt_seconds round trips',
    '# TYPE rtt_seconds histogram',
    'rtt_seconds_bucket{le="0.001",namespace="shop",pod="cart-1"} 2',
    'rtt_seconds_bucket{le="0.002",namespace="shop",pod="cart-1"} 3',
    'rtt_seconds_bucket{le="+Inf",namespace="shop",pod="cart-1"} 5',
    'rtt_seconds_sum{namespace="shop",pod="cart-1"} 0.25',
    'rtt_seconds_count{namespace="shop",pod="cart-1"} 5',
  ]);
});

it('a name of a pod cannot break out of its label', async () => {
  const registry = new Registry();
  addGauge(registry, 'g', 'g', () => [{ labels: { pod: 'a"} 1\nfake{x="' }, value: 1 }]);
  expect((await registry.metrics()).split('\n')[2]).toBe('g{pod="a\\"} 1\\nfake{x=\\""} 1');
});
