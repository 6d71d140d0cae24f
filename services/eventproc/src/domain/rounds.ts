/** What time brings: incidents grow quiet, holes are judged, days are made and dropped. Every replica does it: done twice changes nothing. */
import type { Parts } from '../eventproc.ts';
import { passJudgement } from './keep-ledger.ts';

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Names of pods that are gone are kept for events that come late; ledgers for as long as the bus may still deliver. */
const KEEP = { addresses: 2 * DAY_MS, ledgers: 9 * DAY_MS } as const;

/** One after the other, the first at once or after the time; what fails is tried again in the next round. */
function every(
  ms: number,
  what: string,
  log: Parts['log'],
  work: () => Promise<void>,
  atOnce = false,
): { stop(): Promise<void> } {
  let running: Promise<void> | null = null;
  const round = (): void => {
    running ??= work()
      .catch((err: unknown) => log.warn({ err }, `${what}: failed, once more in ${ms / SECOND_MS} s`))
      .finally(() => {
        running = null;
      });
  };
  if (atOnce) round();
  const timer = setInterval(round, ms);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

export function startRounds({ store, log, settings, tallies }: Parts): { stop(): Promise<void> } {
  const { quietMs } = settings.incidents;
  const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();
  const rounds = [
    every(Math.min(5 * SECOND_MS, quietMs / 4), 'incidents grow quiet', log, async () => {
      while ((await store.incidents.settle(settings.incidents)) > 0);
    }),
    every(
      10 * SECOND_MS,
      'incidents are counted',
      log,
      async () => {
        tallies.incidents(await store.incidents.counts());
        tallies.misplaced(await store.maintenance.misplaced());
      },
      true,
    ),
    every(Math.min(15 * SECOND_MS, settings.lostAfterMs), 'batches that did not come are judged', log, async () => {
      for (const entry of await passJudgement(store, settings.lostAfterMs, Date.now()))
        tallies.account(entry.cluster, [entry]);
    }),
    every(HOUR_MS, 'tables are made for the days to come', log, async () => {
      const made = await store.maintenance.prepareDays();
      if (made.length > 0) log.info({ made }, 'tables made for the days to come');
    }),
    every(10 * 60 * SECOND_MS, 'what is old is removed', log, async () => {
      const { dropped, removed } = await store.maintenance.sweep(settings.retention);
      await store.addresses.forget(ago(KEEP.addresses));
      await store.batchLedger.forget(ago(KEEP.ledgers));
      if (dropped.length > 0 || removed > 0) log.info({ dropped, removed }, 'what was old is removed');
    }),
  ];
  return {
    async stop() {
      await Promise.all(rounds.map((round) => round.stop()));
    },
  };
}
