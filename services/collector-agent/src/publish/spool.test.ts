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
  await vi.waitFor(() => expect(sent.map((b) => b.seq)).toEqual([1, 2, 3, 4]), { timeout: 10_000 });
  expect(spool.waiting()).toBe(0);
  await spool.stop();
});

it('a full spool drops the oldest and reports how many anomalies were lost', async () => {
  const { sent, state, spool } = spoolWith(3);
  for (let i = 1; i <= 6; i++) spool.add([anomaly(i)]);
  expect(spool.waiting()).toBe(3);
  state.up = true;
  await vi.waitFor(() => expect(spool.waiting()).toBe(0), { timeout: 10_000 });
  const told = sent.flatMap((b) => b.anomalies);
  const lost = told.find((a) => a.kind === 'agent-degraded')?.count ?? 0;
  expect(lost).toBe(spool.lost());
  expect(told.reduce((sum, a) => sum + a.count, 0)).toBe(1 + 2 + 3 + 4 + 5 + 6);
  await spool.stop();
});

it('what was thrown away is told until a batch that tells it has come, with the place of every batch among the anomalies', async () => {
  const { sent, state, spool } = spoolWith(3);
  for (let i = 1; i <= 6; i++) spool.add([anomaly(i)]);
  const [gone] = spool.ledger().dropped;
  expect([gone?.count, spool.ledger().before]).toEqual([spool.lost(), 1 + 2 + 3 + 4 + 5 + 6]);
  state.up = true;
  await vi.waitFor(() => expect(spool.waiting()).toBe(0), { timeout: 10_000 });
  expect(sent.flatMap(({ ledger }) => ledger?.dropped ?? [])).toEqual([gone]);
  expect(spool.ledger().dropped).toEqual([]);
  // Counted from the front, every anomaly lies in a batch that came or in one that was thrown away.
  const pieces = [
    ...sent.map(({ ledger, anomalies }) => ({ before: ledger?.before ?? -1, count: anomalies[0]?.count ?? 0 })),
    ...(gone ? [gone] : []),
  ];
  let sum = 0;
  for (const piece of pieces.sort((x, y) => x.before - y.before)) {
    expect(piece.before).toBe(sum);
    sum += piece.count;
  }
  expect(sum).toBe(spool.ledger().before);
  await spool.stop();
});
