/**
 * An agent's sending half as a process of its own, with a ledger of its own: a line per batch, written before anything is sent. Some batches
 * never leave it, some its spool throws away and tells, some nobody can store, some it sends twice.
 */
import { appendFileSync } from 'node:fs';
import { argv } from 'node:process';
import type { AnomalyBatch, DroppedBatches } from '@netverdict/contracts';
import { connectBus } from '@netverdict/messaging';
import { CLUSTER, drop, Reporter } from './scene.ts';

export type Fate = 'stored' | 'lostBus' | 'lostSpool' | 'deadLetter';
export interface Line {
  readonly seq: number;
  readonly count: number;
  readonly fate: Fate;
}

const fateOf = (seq: number): Fate =>
  seq % 50 === 7 ? 'lostBus' : seq % 50 === 20 ? 'lostSpool' : seq % 50 === 33 ? 'deadLetter' : 'stored';

async function send(
  url: string,
  nkeySeedFile: string,
  epoch: string,
  ledgerFile: string,
  batches: number,
): Promise<void> {
  const node = 'node-1';
  const bus = await connectBus({ url, nkeySeedFile, user: { role: 'agent', cluster: CLUSTER, node } });
  const reporter = new Reporter({ agents: new Map([[node, bus]]) }, node, epoch);
  let dropped: DroppedBatches[] = [];
  for (let seq = 1; seq <= batches; seq++) {
    const anomalies = Array.from({ length: 20 }, (_, i) => drop({ count: 1 + ((seq + i) % 3) }, `10.2.0.${i}`));
    const before = reporter.reported();
    const fate = fateOf(seq);
    const batch: AnomalyBatch = reporter.batch(anomalies, { dropped });
    const count = reporter.reported() - before;
    const line: Line = { seq, count, fate };
    appendFileSync(ledgerFile, `${JSON.stringify(line)}\n`);
    await reporter.beat({ dropped });
    if (fate === 'lostBus') continue;
    if (fate === 'lostSpool') {
      dropped = [...dropped, { from: seq, to: seq, before, count }];
      continue;
    }
    const [first, ...others] = batch.anomalies;
    const sent =
      fate === 'deadLetter' && first
        ? { ...batch, anomalies: [{ ...first, windowEnd: '0900-01-01T00:00:00Z' }, ...others] }
        : batch;
    await reporter.send(sent);
    if (seq % 10 === 0) await reporter.send(sent, `${epoch}/${seq}/again`);
    dropped = [];
  }
  // Whoever hears it knows of all batches.
  await reporter.beat({ dropped });
  await bus.close();
}

const [, , url = '', key = '', epoch = '', file = '', batches = '0'] = argv;
if (import.meta.main) await send(url, key, epoch, file, Number(batches));
