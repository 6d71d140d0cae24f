import type { AgentHeartbeat, AgentLedger } from '@netverdict/contracts';
import { expect, test } from 'vitest';
import { Heartbeats } from './heartbeats.ts';

const body: AgentHeartbeat = { node: 'n', epoch: 'e', version: '0', kernel: '6', capabilities: [], lastSeq: 1 };
const ledger: AgentLedger = { at: '2026-01-01T00:00:00Z', before: 3, probes: [], dropped: [] };

test('of several heartbeats of an agent the newest is kept, by our clock, once', () => {
  const heartbeats = new Heartbeats();
  heartbeats.note('prod', { ...body, lastSeq: 1 }, new Date(1000), new Date(1000 + 40).toISOString());
  heartbeats.note('prod', { ...body, lastSeq: 2 }, new Date(2000), new Date(2000 + 40).toISOString());
  heartbeats.note('test', { ...body, lastSeq: 7 }, new Date(2000), new Date(2000 + 40).toISOString());
  expect(heartbeats.take().map(({ agent }) => [agent.cluster, agent.lastSeq, agent.details])).toEqual([
    ['prod', 2, { clockOffsetMs: 40 }],
    ['test', 7, { clockOffsetMs: 40 }],
  ]);
  expect(heartbeats.take()).toEqual([]);
});

test('a ledger that has not changed is not written down again, except now and then', () => {
  const heartbeats = new Heartbeats();
  const beat = (change: Partial<AgentLedger>, nowMs: number): boolean => {
    heartbeats.note(
      'prod',
      { ...body, ledger: { ...ledger, ...change } },
      new Date(nowMs),
      new Date(nowMs).toISOString(),
    );
    return heartbeats.take(nowMs)[0]?.ledger !== null;
  };
  expect([
    beat({}, 0),
    beat({ at: '2026-01-01T00:00:05Z' }, 5000),
    beat({ before: 4 }, 10_000),
    beat({ before: 4 }, 80_000),
  ]).toEqual([true, false, true, true]);
});
