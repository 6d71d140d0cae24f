/** What the ledgers of agents' starts learn beside the batches that are stored: of heartbeats, dead letters, and time that passes. */
import type { AgentLedger, AnomalyBatch } from '@netverdict/contracts';
import type { AccountEntry, AgentStart, MonitoringQueries, Store } from '@netverdict/store';
import { accountEntries, timeOf } from './ingest.ts';
import { type BatchLedger, EMPTY, end, judge, receive, type Step, told } from './ledger.ts';
import { plausibleTime } from './plausible.ts';

type Transactions = Pick<Store, 'together'>;

export interface Heard extends AgentStart {
  readonly lastSeq: number;
  readonly ledger: AgentLedger;
}

async function keep(
  tx: MonitoringQueries,
  start: AgentStart,
  { ledger, counts }: Step,
  at: string,
): Promise<AccountEntry[]> {
  const { cluster, node, epoch } = start;
  const judgedSeq = ledger.over ? Math.max(1, ledger.lastSeq) : 0;
  await tx.batchLedger.write([{ cluster, node, epoch, told: ledger, seqs: ledger.ranges, judgedSeq }]);
  return accountEntries({ at, cluster, node }, counts);
}

/** Every replica hears each heartbeat: what is known already changes nothing. */
export function heardOf(store: Transactions, heard: readonly Heard[], nowMs: number): Promise<AccountEntry[]> {
  return store.together(async (tx) => {
    const news = new Map(heard.map((h) => [`${h.cluster}\0${h.node}\0${h.epoch}`, h]));
    const entries: AccountEntry[] = [];
    for (const row of await tx.batchLedger.lock<BatchLedger>(heard)) {
      const own = news.get(`${row.cluster}\0${row.node}\0${row.epoch}`);
      if (own === undefined) continue;
      const step = told(row.told ?? EMPTY, own.ledger, { seq: own.lastSeq, anomalies: own.ledger.before }, nowMs);
      entries.push(...(await keep(tx, row, step, plausibleTime(own.ledger.at, nowMs))));
    }
    await tx.accounting.add(entries);
    return entries;
  });
}

/** A batch that cannot be stored has come all the same. */
export function putAway(
  store: Transactions,
  cluster: string,
  batch: AnomalyBatch,
  count: number,
  nowMs: number,
): Promise<AccountEntry[]> {
  return store.together(async (tx) => {
    const start = { cluster, node: batch.node, epoch: batch.epoch.slice(0, 100) };
    const [row] = await tx.batchLedger.lock<BatchLedger>([start]);
    const received = receive(row?.told ?? EMPTY, batch.seq, batch.ledger?.before ?? null, count, nowMs);
    if (received.kind === 'duplicate') return [];
    const counts = [...received.step.counts, { probe: '', counts: { deadLetter: count } }];
    const entries = await keep(tx, start, { ledger: received.step.ledger, counts }, timeOf(batch, nowMs));
    await tx.accounting.add(entries);
    return entries;
  });
}

const AT_ONCE = 200;

/** Holes that nothing fills any more, and what was left in agents that have started anew. */
export async function passJudgement(
  store: Pick<Store, 'together' | 'batchLedger'>,
  lostAfterMs: number,
  nowMs: number,
): Promise<AccountEntry[]> {
  const entries: AccountEntry[] = [];
  for (const { over, ...start } of await store.batchLedger.suspects(lostAfterMs, AT_ONCE))
    entries.push(
      ...(await store.together(async (tx) => {
        const [row] = await tx.batchLedger.lock<BatchLedger>([start]);
        if (row === undefined) return [];
        const judged = judge(row.told ?? EMPTY, nowMs - lostAfterMs);
        const ended = over ? end(judged.ledger) : { ledger: judged.ledger, counts: [] };
        const step = { ledger: ended.ledger, counts: [...judged.counts, ...ended.counts] };
        // A hole that is still young, and nothing else: nothing to write down.
        if (step.ledger === row.told || (step.counts.length === 0 && !ended.ledger.over)) return [];
        const own = await keep(tx, start, step, row.lastAt);
        await tx.accounting.add(own);
        return own;
      })),
    );
  return entries;
}
