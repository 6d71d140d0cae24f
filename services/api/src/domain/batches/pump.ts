/** Begins waiting flows whenever there may be room: a batch came, something ended, or a second has passed. Any number of replicas do. */
import { setTimeout as pause } from 'node:timers/promises';
import { type BatchQueries, isUnavailable } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import type { PublishRequested } from '../../publish/diagnosis-requested.ts';
import { type BackgroundSettings, backgroundDiagnosis } from '../background.ts';

export interface Pump {
  /** There may be room, or something waits. */
  wake(): void;
  close(): Promise<void>;
}

/** Between two looks at the rows, whatever is told in between. */
const REST_MS = 20;

export function createPump(
  batches: Pick<BatchQueries, 'begin'>,
  publish: PublishRequested,
  settings: BackgroundSettings & { readonly everyMs: number },
  ready: () => boolean,
  log: Log,
): Pump {
  let asked = false;
  let closed = false;
  let running: Promise<void> | null = null;

  const look = async (): Promise<void> => {
    if (!ready()) return;
    try {
      const begun = await batches.begin(settings.open, (flow) =>
        backgroundDiagnosis(flow, { batchId: flow.batch_id }, settings),
      );
      await Promise.all(begun.map(publish));
    } catch (err) {
      if (isUnavailable(err)) log.warn({ err }, 'batches wait for the database');
      else log.error({ err }, 'flows of batches could not be begun');
    }
  };
  const work = async (): Promise<void> => {
    while (asked && !closed) {
      asked = false;
      await look();
      await pause(REST_MS);
    }
  };
  const wake = (): void => {
    asked = true;
    if (closed) return;
    running ??= work().finally(() => {
      running = null;
      if (asked && !closed) wake();
    });
  };
  // Notifications may be lost.
  const timer = setInterval(wake, settings.everyMs);
  return {
    wake,
    async close() {
      closed = true;
      clearInterval(timer);
      await running;
    },
  };
}
