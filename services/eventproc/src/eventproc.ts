/** The parts of the service put together over a bus and a store: main.ts and the tests start it alike. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Bus } from '@netverdict/messaging';
import { isUnavailable, type Store } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import type { EventprocSettings } from './configuration.ts';
import { consumeAddressMap } from './consume/address-map.ts';
import { consumeHeartbeats } from './consume/agent-heartbeat.ts';
import { consumeAnomalyBatches } from './consume/anomaly-batch.ts';
import { explainIncidents } from './domain/explain/explain-incidents.ts';
import type { ExplainerOptions } from './domain/explain/explainer.ts';
import { startRounds } from './domain/rounds.ts';
import type { Sinks } from './publish/sinks/sinks.ts';
import type { Tallies } from './tallies.ts';

export interface Eventproc {
  stop(): Promise<void>;
}

export interface Parts {
  readonly bus: Bus;
  readonly store: Store;
  readonly sinks: Sinks;
  readonly settings: EventprocSettings;
  readonly tallies: Tallies;
  /** null: incidents are not diagnosed. */
  readonly explaining: ExplainerOptions | null;
  readonly log: Log;
  /** Aborted when the service ends while it still waits for PostgreSQL. */
  readonly signal: AbortSignal;
}

/** However long PostgreSQL takes to be there. */
async function prepareStore({ store, log, signal }: Parts): Promise<void> {
  for (let waitMs = 200; ; waitMs = Math.min(waitMs * 2, 5000)) {
    try {
      await store.migrate();
      // Before the first event comes: without its day's table it would lie in the one for what came too late.
      await store.maintenance.prepareDays();
      return;
    } catch (err) {
      if (!isUnavailable(err)) throw err;
      log.warn({ err, waitMs }, 'PostgreSQL cannot be reached, trying again');
      await pause(waitMs, undefined, { signal });
    }
  }
}

export async function startEventproc(parts: Parts): Promise<Eventproc> {
  await prepareStore(parts);
  const batches = consumeAnomalyBatches(parts);
  const addresses = consumeAddressMap(parts);
  const heartbeats = consumeHeartbeats(parts);
  const rounds = startRounds(parts);
  const explaining = explainIncidents(parts);
  return {
    async stop() {
      await Promise.all([batches.stop(), addresses.stop(), heartbeats.stop(), rounds.stop(), explaining.stop()]);
    },
  };
}
