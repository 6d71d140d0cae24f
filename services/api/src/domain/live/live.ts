/** The live streams of this replica: one reader of each table's end, however many follow it. */
import type { Arrivals, Explanation, Incident, Store, StoredEvent } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import { createTail, type Tail } from './tail.ts';

export interface LiveTable<T> {
  readonly arrivals: Arrivals<T>;
  readonly tail: Tail<T>;
  /** So long a reader that is cut off may take until it has read that it is; then it loses its connection. */
  readonly stuckMs: number;
}

export interface Live {
  readonly events: LiveTable<StoredEvent>;
  readonly incidents: LiveTable<Incident & Explanation>;
  /** A notification of the database: the name of the table that has grown. */
  tellNotified(table: string): void;
  /** Notifications were lost for a while: everybody looks. */
  tellAll(): void;
}

export function createLive(store: Pick<Store, 'arrivals'>, stuckMs: number, log: Log): Live {
  const tables = {
    events: liveTable(store.arrivals.events, stuckMs, log),
    incidents: liveTable(store.arrivals.incidents, stuckMs, log),
  };
  return {
    ...tables,
    tellNotified(table) {
      if (Object.hasOwn(tables, table)) tables[table as keyof typeof tables].tail.wake();
    },
    tellAll() {
      for (const { tail } of Object.values(tables)) tail.wake();
    },
  };
}

const liveTable = <T>(arrivals: Arrivals<T>, stuckMs: number, log: Log): LiveTable<T> => ({
  arrivals,
  tail: createTail(arrivals, log),
  stuckMs,
});
