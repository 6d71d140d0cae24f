import type { Anomaly, AnomalyBatch } from '@netverdict/contracts';
import { expect, it, vi } from 'vitest';
import { startSpool } from './spool.ts';

const anomaly = (count: number): Anomaly => ({
  kind: 'tcp-reset-sent',
  netns: 1,
  pod: null,
  count,
  windowStart: '2026-01-01T00:00:00Z',
  windowEnd: '2026-01-01T00:00:05Z',
});

function spoolWith(maxBatches: number) {
  const sent: AnomalyBatch[] = [];
  const state = { up: false };
  const spool = startSpool({
    node: 'n',
    epoch: 'e',
    maxBatches,
    retryMs: 5,
    log: { warn() {} },
    publish: async (batch) => {
      if (!state.up) throw new Error('no stream');
      sent.push(batch);
    },
  });
  return { sent, state, spool };
}

it('batches are sent again until acknowledged, once each and in order', async () => {
  const { sent, state, spool } = spoolWith(10);
  for (let i = 1; i <= 4; i++) spool.add([anomaly(i)]);
  expect([spool.waiting(), spool.lastSeq()]).toEqual([4, 4]);
  state.up = true;
  await vi.waitFor(() => expect(sent.map((b) => b.seq)).toEqual([1, 2, 3, 4]));
  expect(spool.waiting()).toBe(0);
  await spool.stop();
});

it('a full spool drops the oldest and reports how many anomalies were lost', async () => {
  const { sent, state, spool } = spoolWith(3);
  for (let i = 1; i <= 6; i++) spool.add([anomaly(i)]);
  expect(spool.waiting()).toBe(3);
  state.up = true;
  await vi.waitFor(() => expect(spool.waiting()).toBe(0));
  const told = sent.flatMap((b) => b.anomalies);
  const lost = told.find((a) => a.kind === 'agent-degraded')?.count ?? 0;
  expect(lost).toBe(spool.lost());
  expect(told.reduce((sum, a) => sum + a.count, 0)).toBe(1 + 2 + 3 + 4 + 5 + 6);
  await spool.stop();
});
