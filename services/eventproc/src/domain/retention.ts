/** Events are kept for a week. Every replica sweeps: deleting twice changes nothing. */
import type { EventQueries } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';

const KEEP_MS = 7 * 24 * 3_600_000;
const EVERY_MS = 10 * 60_000;

export function startRetention(events: EventQueries, log: Log): { stop(): void } {
  const sweep = async (): Promise<void> => {
    try {
      const removed = await events.deleteBefore(new Date(Date.now() - KEEP_MS).toISOString());
      if (removed > 0) log.info({ removed }, 'old events removed');
    } catch (err) {
      log.warn({ err }, 'old events could not be removed');
    }
  };
  const timer = setInterval(() => void sweep(), EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
