import { expect, test } from 'vitest';
import { WatchLedger } from './ledger.ts';
import { PROBES } from './probes.ts';
import type { Aggregate, Key, ProbeCounters } from './records.ts';
import type { Window } from './windows.ts';

const DROPS = PROBES.drops.id;
const aggregate = (netns: number, count: number): Aggregate =>
  ({
    key: { probe: DROPS, netns } as Key,
    count,
    bytes: 0,
    firstNs: 0n,
    lastNs: 0n,
    samples: 0,
    coarse: false,
  }) as const;
const counters = (change: Partial<ProbeCounters>): ProbeCounters => ({
  probe: DROPS,
  seen: 0,
  filtered: 0,
  sampledAway: 0,
  aggregated: 0,
  coarse: 0,
  lost: 0,
  observed: 0,
  unobserved: 0,
  samples: 0,
  samplesLost: 0,
  missed: 0,
  drained: 0,
  ...change,
});
const window = (aggregates: Aggregate[], now: ProbeCounters): Window => ({
  startMs: 0,
  endMs: 1,
  aggregates,
  samples: [],
  earlier: [],
  histograms: [],
  flows: [],
  lost: [],
  counters: [now],
});
const own = (netns: number): boolean => netns === 1;

test('what a probe saw is told, elsewhere, lost in the kernel, or lost before it could be told; the sum holds over the sidecar’s death', () => {
  const ledger = new WatchLedger();
  ledger.told(
    window(
      [aggregate(1, 5), aggregate(2, 3)],
      counters({ seen: 12, aggregated: 6, coarse: 2, lost: 1, filtered: 3, drained: 8 }),
    ),
    own,
  );
  // Two more are in the kernel's tables when it dies.
  ledger.told(
    window([aggregate(1, 1)], counters({ seen: 15, aggregated: 9, coarse: 2, lost: 1, filtered: 3, drained: 9 })),
    own,
  );
  ledger.ended();
  ledger.untold(window([aggregate(1, 4)], counters({ seen: 4, aggregated: 4, drained: 4 })));
  const [drops] = ledger.probes();
  expect(drops).toEqual({
    name: 'drops',
    seen: 19,
    filtered: 3,
    sampledAway: 0,
    aggregated: 15,
    lost: 1,
    missed: 0,
    reported: 6,
    elsewhere: 3,
    lostBefore: 6,
  });
});

test('a probe that saw nothing has no line', () => {
  const ledger = new WatchLedger();
  ledger.told(window([], counters({})), own);
  expect(ledger.probes()).toEqual([]);
});
