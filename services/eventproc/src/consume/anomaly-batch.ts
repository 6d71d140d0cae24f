/** anomaly-batch: stored, then acknowledged. A database that is away makes the batch wait, not fail. */
import { type Bus, type Consumption, TryLater } from '@netverdict/messaging';
import { type EventQueries, isUnavailable } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import { storedEvents } from '../domain/stored-events.ts';
import { eventNotice } from '../publish/sinks/notice.ts';
import type { Sinks } from '../publish/sinks/sinks.ts';

export function consumeAnomalyBatches(bus: Bus, events: EventQueries, sinks: Sinks, log: Log): Consumption {
  return bus.consume('anomaly-batch', async (batch, { cluster }) => {
    const rows = storedEvents(cluster, batch);
    if (rows.length === 0) return;
    try {
      // One statement, so one transaction: the batch is there whole or not at all.
      const fresh = await events.insert(rows);
      if (fresh > 0 && sinks.any) sinks.offer(rows.map(eventNotice));
      log.debug({ cluster, node: batch.node, seq: batch.seq, fresh, known: rows.length - fresh }, 'batch stored');
    } catch (cause) {
      if (isUnavailable(cause)) throw new TryLater('PostgreSQL cannot be reached', { cause });
      throw cause;
    }
  });
}
